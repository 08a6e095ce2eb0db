// cairn-fuzz-slow SECONDS OUT FILE-OR-DIR...: searches for the modules that cost the compiler most a byte.
//
// The cost of a module is its compile time (the thread's CPU time, the least of several attempts) and its peak memory, less what an
// empty module costs, each divided by the module's size and by what the given modules need on the average: 1 is the mean.
// The worst so far are mutated, for each target and measure apart. OUT/MEASURE-TARGET-N.wasm are the worst at the end.
// Exit status 1 when one costs more than kLimit times the mean.
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "compiler/compile.hpp"
#include "runtime/configure.hpp"
#include "slow/memory_meter.hpp"
#include "support/module_mutator.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/wast.hpp"

namespace cairn::fuzz {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

constexpr double kLimit = 10;
constexpr size_t kSmallest = 256, kLargest = 64 * 1024;  // below, what belongs to the module and not to its bytes counts most
constexpr size_t kKept = 24;

enum Measure : size_t { time_measure, memory_measure, kMeasures };
constexpr const char* kMeasureNames[] = {"time", "memory"};
constexpr compiler::Architecture kTargets[] = {compiler::Architecture::x86_64, compiler::Architecture::riscv64};
constexpr const char* kTargetNames[] = {"x86_64", "riscv64"};

using Costs = std::array<double, kMeasures>;

uint64_t thread_nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// Compiles and measures; false: not a valid module, or refused for a limit.
bool measure(const Bytes& bytes, compiler::Architecture architecture, unsigned attempts, Costs& costs) {
  costs = {1e300, 0};
  for (unsigned i = 0; i < attempts; ++i) {
    MemoryMeter::reset_peak();
    const size_t before = MemoryMeter::live();
    const uint64_t start = thread_nanoseconds();
    const auto module = wasm::decode_module(bytes, runtime::executable_features());
    if (!module) return false;
    compiler::Options options;
    options.architecture = architecture;
    options.features = module->features;
    if (!compiler::compile_module(*module, options)) return false;
    costs[time_measure] = std::min(costs[time_measure], static_cast<double>(thread_nanoseconds() - start));
    costs[memory_measure] = static_cast<double>(MemoryMeter::peak() - before);
  }
  return true;
}

struct Candidate {
  Bytes bytes;
  double cost = 0;
};

// What is searched for one target and measure.
struct Search {
  std::vector<Candidate> worst;  // in falling order

  bool would_take(double cost) const { return worst.size() < kKept || cost > worst.back().cost; }
  void add(const Bytes& bytes, double cost) {
    const auto at = std::ranges::upper_bound(worst, cost, std::greater(), &Candidate::cost);
    worst.insert(at, {bytes, cost});
    if (worst.size() > kKept) worst.pop_back();
  }
};

class Searcher {
 public:
  explicit Searcher(std::vector<Bytes> seeds) : seeds_(std::move(seeds)) {}

  // Learns the mean from the seeds.
  bool prepare() {
    constexpr uint8_t kEmpty[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    const auto empty = std::as_bytes(std::span(kEmpty));
    for (size_t t = 0; t < std::size(kTargets); ++t) {
      if (!measure({empty.begin(), empty.end()}, kTargets[t], 20, base_[t])) return false;
      Costs total{};
      double size = 0;
      for (const Bytes& seed : seeds_) {
        Costs costs;
        if (seed.size() < kSmallest || !measure(seed, kTargets[t], 3, costs)) continue;
        for (size_t m = 0; m < kMeasures; ++m) total[m] += std::max(0.0, costs[m] - base_[t][m]);
        size += static_cast<double>(seed.size());
      }
      if (size == 0) return false;
      for (size_t m = 0; m < kMeasures; ++m) mean_[t][m] = total[m] / size;
      std::printf("%s: the mean is %.0f ns and %.0f bytes of memory a byte of module\n", kTargetNames[t],
                  mean_[t][time_measure], mean_[t][memory_measure]);
    }
    for (const Bytes& seed : seeds_) consider(seed);
    return true;
  }

  void run(uint64_t seconds) {
    const uint64_t end = wall_seconds() + seconds;
    while (wall_seconds() < end) {
      for (int i = 0; i < 64; ++i) consider(mutation());
    }
  }

  // Prints and writes the worst; whether all are within the limit.
  bool report(const fs::path& out) {
    fs::create_directories(out);
    bool is_fine = true;
    std::printf("%llu modules tried, %llu compiled\n", static_cast<unsigned long long>(tried_),
                static_cast<unsigned long long>(compiled_));
    for (size_t t = 0; t < std::size(kTargets); ++t) {
      for (size_t m = 0; m < kMeasures; ++m) {
        const std::string name = std::string(kMeasureNames[m]) + "-" + kTargetNames[t];
        double highest = 0;
        for (size_t i = 0; i < std::min<size_t>(5, searches_[t][m].worst.size()); ++i) {
          const Candidate& candidate = searches_[t][m].worst[i];
          const double cost = relative_costs(candidate.bytes, t, 7)[m];  // again, without chance
          highest = std::max(highest, cost);
          const fs::path path = out / (name + "-" + std::to_string(i) + ".wasm");
          std::ofstream(path, std::ios::binary)
              .write(reinterpret_cast<const char*>(candidate.bytes.data()), static_cast<std::streamsize>(candidate.bytes.size()));
          if (cost > kLimit) std::printf("FAIL %s: %.1f times the mean\n", path.c_str(), cost);
        }
        std::printf("%-16s at worst %.1f times the mean\n", name.c_str(), highest);
        is_fine = is_fine && highest <= kLimit;
      }
    }
    return is_fine;
  }

 private:
  static uint64_t wall_seconds() { return static_cast<uint64_t>(time(nullptr)); }

  Costs relative_costs(const Bytes& bytes, size_t target, unsigned attempts) {
    Costs costs;
    if (!measure(bytes, kTargets[target], attempts, costs)) return {0, 0};
    for (size_t m = 0; m < kMeasures; ++m) {
      costs[m] = std::max(0.0, costs[m] - base_[target][m]) / static_cast<double>(bytes.size()) / mean_[target][m];
    }
    return costs;
  }

  void consider(const Bytes& bytes) {
    ++tried_;
    if (bytes.size() < kSmallest || bytes.size() > kLargest) return;
    for (size_t t = 0; t < std::size(kTargets); ++t) {
      Costs costs = relative_costs(bytes, t, 1);
      if (costs[memory_measure] == 0) return;
      compiled_ += t == 0 ? 1 : 0;
      const bool is_slow = searches_[t][time_measure].would_take(costs[time_measure]);
      if (is_slow) costs = relative_costs(bytes, t, 4);
      for (size_t m = 0; m < kMeasures; ++m) {
        if (searches_[t][m].would_take(costs[m])) searches_[t][m].add(bytes, costs[m]);
      }
    }
  }

  unsigned pick(size_t count) { return static_cast<unsigned>(std::rand()) % static_cast<unsigned>(count); }

  // Mostly of the worst, sometimes of a seed.
  Bytes mutation() {
    const std::vector<Candidate>& worst = searches_[pick(std::size(kTargets))][pick(kMeasures)].worst;
    Bytes bytes = worst.empty() || pick(8) == 0 ? seeds_[pick(seeds_.size())] : worst[pick(worst.size())].bytes;
    for (unsigned rounds = 1 + pick(4); rounds > 0; --rounds) {
      const size_t size = bytes.size();
      bytes.resize(kLargest);
      bytes.resize(mutate_module(reinterpret_cast<uint8_t*>(bytes.data()), std::min(size, kLargest), kLargest,
                                 static_cast<unsigned>(std::rand())));
    }
    return bytes;
  }

  std::vector<Bytes> seeds_;
  std::array<Costs, std::size(kTargets)> base_{}, mean_{};
  std::array<std::array<Search, kMeasures>, std::size(kTargets)> searches_;
  uint64_t tried_ = 0, compiled_ = 0;
};

Bytes to_bytes(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// Modules in the binary format, or all of a script.
void load(const fs::path& path, std::vector<Bytes>& seeds) {
  if (fs::is_directory(path)) {
    std::vector<fs::path> children;
    for (const auto& entry : fs::directory_iterator(path)) children.push_back(entry.path());
    std::ranges::sort(children);
    for (const fs::path& child : children) load(child, seeds);
    return;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string contents{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (path.extension() != ".wast" && path.extension() != ".wat") return seeds.push_back(to_bytes(contents));
  const auto script = wasm::text::parse_script(contents, path.filename().string());
  if (!script) return;
  for (const wasm::text::Directive& directive : script->directives) {
    const auto* define = std::get_if<wasm::text::DefineModule>(&directive.what);
    if (define != nullptr && define->module.bytes) seeds.push_back(*define->module.bytes);
  }
}

}  // namespace
}  // namespace cairn::fuzz

int main(int argc, char** argv) {
  using namespace cairn::fuzz;
  if (argc < 4) return 64;
  std::vector<std::vector<std::byte>> seeds;
  for (int i = 3; i < argc; ++i) load(argv[i], seeds);
  std::srand(static_cast<unsigned>(time(nullptr)));
  Searcher searcher(std::move(seeds));
  if (!searcher.prepare()) {
    std::fprintf(stderr, "cairn-fuzz-slow: no modules to start from\n");
    return 64;
  }
  searcher.run(std::strtoull(argv[1], nullptr, 10));
  return searcher.report(argv[2]) ? 0 : 1;
}

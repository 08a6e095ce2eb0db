// cairn-fuzz-slow SECONDS OUT REAL-PROGRAM FILE-OR-DIR...: searches for the modules that cost the compiler most
// per byte.
//
// A module has two costs: its compile time (the thread's CPU time, the least of several attempts) and its peak memory.
// The cost that any module has (kModuleCosts) is subtracted, and the result is divided by the module's size. The unit
// of time is what a byte of REAL-PROGRAM takes, and the unit of memory what ordinary code takes (kOrdinaryMemory). If a
// limit refuses a module, what was spent until then counts.
//
// The search repeats, nests, crosses and mutates the worst modules so far, separately for each target and measure. It
// keeps the worst of each range of sizes, because a cost that grows faster than the size is low for small modules. At
// the end, the worst are in OUT/MEASURE-TARGET-SIZE.wasm. The exit status is 1 if one costs more than kLimit units.
#include <time.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "compiler/compile.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/program.hpp"
#include "runtime/configure.hpp"
#include "slow/growth.hpp"
#include "slow/memory_meter.hpp"
#include "support/module_mutator.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/wast.hpp"

namespace cairn::fuzz {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

constexpr double kLimit = 10;            // units of cost that a module may have for each of its bytes
constexpr double kOrdinaryMemory = 250;  // bytes of memory for each byte of a module (compiler/options/options.hpp)
constexpr unsigned kSizes = 5;           // number of ranges of sizes, each twice the previous one
constexpr size_t kSmallest = 2048, kLargest = kSmallest << kSizes;
constexpr size_t kKept = 6;  // modules that are kept of each range
// The costs that any module may have, whatever its size: 1 ms, and the budget of memory for a module plus 8 MB. The
// 8 MB are for a chunk of an arena, and for a table that doubles its size when the budget is nearly used up. The budget
// (Options::module_budget_bytes) is small here, because a large one hides costs that grow with the size.
constexpr size_t kModuleBudget = size_t{1} << 20;
constexpr double kModuleCosts[] = {1e6, double{kModuleBudget} + 8e6};  // ns, bytes

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

// Compiles a module and measures its costs. Returns false if the module is not valid.
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
    options.module_budget_bytes = kModuleBudget;
    const auto object = compiler::compile_module(*module, options);
    if (!object && object.error().kind != ErrorKind::limit) return false;
    costs[time_measure] = std::min(costs[time_measure], static_cast<double>(thread_nanoseconds() - start));
    costs[memory_measure] = static_cast<double>(MemoryMeter::peak() - before);
  }
  return true;
}

struct Candidate {
  Bytes bytes;
  double cost = 0;
};

// The worst modules of one range of sizes, for one target and measure.
struct Search {
  std::vector<Candidate> worst;  // in falling order

  [[nodiscard]] bool would_take(double cost) const { return worst.size() < kKept || cost > worst.back().cost; }
  void add(const Bytes& bytes, double cost) {
    // Of modules with about the same cost, only the last is kept: they are mostly one module with unimportant changes.
    const auto same =
        std::ranges::find_if(worst, [&](const Candidate& c) { return std::abs(c.cost - cost) < 0.002 * cost; });
    if (same != worst.end()) worst.erase(same);
    const auto at = std::ranges::upper_bound(worst, cost, std::greater(), &Candidate::cost);
    worst.insert(at, {bytes, cost});
    if (worst.size() > kKept) worst.pop_back();
  }
};

unsigned range_of(size_t size) { return static_cast<unsigned>(std::bit_width(size / kSmallest)) - 1; }

class Searcher {
 public:
  explicit Searcher(std::vector<Bytes> seeds) : seeds_(std::move(seeds)) {}

  // Measures the unit of time with the real program, and then the seeds.
  bool prepare(const Bytes& program) {
    for (size_t t = 0; t < std::size(kTargets); ++t) {
      Costs costs;
      if (!measure(program, kTargets[t], 5, costs)) return false;
      unit_[t] = {costs[time_measure] / static_cast<double>(program.size()), kOrdinaryMemory};
      std::printf("%s: ordinary are %.0f ns and %.0f bytes of memory a byte of module\n", kTargetNames[t],
                  unit_[t][time_measure], unit_[t][memory_measure]);
    }
    for (const Bytes& seed : seeds_) consider(seed);
    report_progress("seeds");
    return true;
  }

  void run(uint64_t seconds) {
    const uint64_t start = wall_seconds();
    uint64_t next_report = start + kReportSeconds;
    while (wall_seconds() < start + seconds) {
      for (int i = 0; i < 64; ++i) consider(mutation());
      if (wall_seconds() < next_report) continue;
      report_progress((std::to_string(wall_seconds() - start) + " s").c_str());
      next_report += kReportSeconds;
    }
  }

  // Prints the worst modules and writes them to files. Returns whether all are within the limit.
  bool report(const fs::path& out) {
    fs::create_directories(out);
    bool is_fine = true;
    for (size_t t = 0; t < std::size(kTargets); ++t) {
      for (size_t m = 0; m < kMeasures; ++m) {
        const std::string name = std::string(kMeasureNames[m]) + "-" + kTargetNames[t];
        double highest = 0;
        for (unsigned range = 0; range < kSizes; ++range) {
          const auto& worst = searches_[t][m][range].worst;
          if (worst.empty()) continue;
          const Bytes& bytes = worst.front().bytes;
          const double cost = relative_costs(bytes, t, 7)[m];  // measured again, with more attempts
          highest = std::max(highest, cost);
          const fs::path path = out / (name + "-" + std::to_string(kSmallest << range) + ".wasm");
          std::ofstream(path, std::ios::binary)
              .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
          std::printf("%s%s: %zu bytes, %.1f times the ordinary cost\n", cost > kLimit ? "FAIL " : "", path.c_str(),
                      bytes.size(), cost);
        }
        is_fine = is_fine && highest <= kLimit;
      }
    }
    return is_fine;
  }

 private:
  static constexpr uint64_t kReportSeconds = 60;
  static uint64_t wall_seconds() { return static_cast<uint64_t>(time(nullptr)); }

  // The ways in which modules are made. The number of modules of each way that were kept shows whether the search makes
  // progress.
  enum Way : size_t { seed_way, grow_way, cross_way, mutate_way, kWays };

  void report_progress(const char* when) {
    std::printf("%s: %llu tried, %llu compiled; worst", when, static_cast<unsigned long long>(tried_),
                static_cast<unsigned long long>(compiled_));
    for (size_t t = 0; t < std::size(kTargets); ++t) {
      for (size_t m = 0; m < kMeasures; ++m) {
        double highest = 0;
        for (const Search& search : searches_[t][m])
          if (!search.worst.empty()) highest = std::max(highest, search.worst.front().cost);
        std::printf(" %s-%s %.1f", kMeasureNames[m], kTargetNames[t], highest);
      }
    }
    std::printf("; kept %llu grown, %llu crossed, %llu mutated\n", static_cast<unsigned long long>(kept_[grow_way]),
                static_cast<unsigned long long>(kept_[cross_way]), static_cast<unsigned long long>(kept_[mutate_way]));
  }

  Costs relative_costs(const Bytes& bytes, size_t target, unsigned attempts) {
    Costs costs;
    if (!measure(bytes, kTargets[target], attempts, costs)) return {0, 0};
    for (size_t m = 0; m < kMeasures; ++m) {
      costs[m] = std::max(0.0, costs[m] - kModuleCosts[m]) / static_cast<double>(bytes.size()) / unit_[target][m];
    }
    return costs;
  }

  void consider(const Bytes& bytes) {
    ++tried_;
    if (bytes.size() < kSmallest || bytes.size() >= kLargest) return;
    const unsigned range = range_of(bytes.size());
    bool is_kept = false;
    for (size_t t = 0; t < std::size(kTargets); ++t) {
      Costs costs = relative_costs(bytes, t, 1);
      if (costs[time_measure] == 0 && costs[memory_measure] == 0) break;
      compiled_ += t == 0 ? 1 : 0;
      if (searches_[t][time_measure][range].would_take(costs[time_measure])) costs = relative_costs(bytes, t, 4);
      for (size_t m = 0; m < kMeasures; ++m) {
        Search& search = searches_[t][m][range];
        if (!search.would_take(costs[m])) continue;
        search.add(bytes, costs[m]);
        is_kept = true;
      }
    }
    if (is_kept) ++kept_[way_];
  }

  size_t pick(size_t count) { return random_() % count; }

  // Returns a module to be changed: mostly one of the worst, the worse the more likely; sometimes a seed.
  const Bytes& parent() {
    for (int attempt = 0; attempt < 4 && pick(4) != 0; ++attempt) {
      const auto& worst = searches_[pick(std::size(kTargets))][pick(kMeasures)][pick(kSizes)].worst;
      if (!worst.empty()) return worst[std::min(pick(worst.size()), pick(worst.size()))].bytes;
    }
    return seeds_[pick(seeds_.size())];
  }

  Bytes mutation() {
    Bytes bytes = parent();
    const size_t dice = pick(8);
    way_ = dice < 4 ? grow_way : dice < 5 ? cross_way : mutate_way;
    for (unsigned rounds = 1 + static_cast<unsigned>(pick(3)); rounds > 0; --rounds) {
      Bytes changed;
      if (way_ == grow_way) {
        changed = grow_module(bytes, kLargest - 1, random_);
      } else {
        const size_t size = std::min(bytes.size(), kLargest - 1);
        changed.resize(kLargest - 1);
        auto* out = reinterpret_cast<uint8_t*>(changed.data());
        const auto seed = static_cast<unsigned>(random_());
        if (way_ == cross_way) {
          const Bytes& other = parent();
          changed.resize(cross_modules(reinterpret_cast<const uint8_t*>(bytes.data()), size,
                                       reinterpret_cast<const uint8_t*>(other.data()), other.size(), out, kLargest - 1,
                                       seed));
        } else {
          std::ranges::copy(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size), changed.begin());
          changed.resize(mutate_module(out, size, kLargest - 1, seed));
        }
      }
      if (!changed.empty()) bytes = std::move(changed);
    }
    return bytes;
  }

  std::vector<Bytes> seeds_;
  std::array<Costs, std::size(kTargets)> unit_{};
  std::array<std::array<std::array<Search, kSizes>, kMeasures>, std::size(kTargets)> searches_;
  std::mt19937 random_{static_cast<unsigned>(time(nullptr))};
  Way way_ = seed_way;
  uint64_t tried_ = 0, compiled_ = 0;
  std::array<uint64_t, kWays> kept_{};
};

Bytes to_bytes(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// Adds the module in a file, the modules of a script, or those of all files in a directory.
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
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (argc < 5) return 64;
  const auto program = cairn::cli::load_program(argv[3]);
  std::vector<std::vector<std::byte>> seeds;
  for (int i = 4; i < argc; ++i) load(argv[i], seeds);
  if (!program || seeds.empty()) {
    std::fprintf(stderr, "cairn-fuzz-slow: no modules to start from\n");
    return 64;
  }
  Searcher searcher(std::move(seeds));
  if (!searcher.prepare(cairn::cli::bytes_of(*program))) {
    std::fprintf(stderr, "cairn-fuzz-slow: the program does not compile\n");
    return 64;
  }
  searcher.run(std::strtoull(argv[1], nullptr, 10));
  return searcher.report(argv[2]) ? 0 : 1;
}

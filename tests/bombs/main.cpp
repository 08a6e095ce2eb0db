// Measures modules that are built to be expensive, and compares them with a real program.
//   cairn-bombs [--bytes N] [--only NAME] [--opcodes] [--verbose] REAL-PROGRAM
// Each shape must be accepted or be refused by a limit. For each of its bytes it may cost ten times the time of the
// real program, and a multiple of the memory of ordinary code (Allowance).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "host/cli/commands.hpp"
#include "host/cli/program.hpp"
#include "measure.hpp"
#include "shapes.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"

namespace cairn::bombs {
namespace {

using compiler::Architecture;

constexpr double kTimes = 10;  // a byte of a shape may take this multiple of the time of a byte of the program
constexpr int kTries = 4;      // a measurement is repeated, because a busy machine is slower now and then
constexpr size_t kOpcodeBytes = 50'000;  // size of a function that repeats one opcode

// What a module may cost: time and bytes of memory independent of its size, and bytes of memory for each of its bytes.
// The time for each of its bytes comes from kTimes.
struct Allowance {
  double nanoseconds;
  double memory;
  double memory_per_byte;
};
// The memory is the budget of compiler::Options (filling its 64 MiB takes 60 ms), and some more for the object and for
// the decoded module. It is half more for each byte, because a table that doubles at the end of the budget exceeds it.
constexpr compiler::Options kOptions;
constexpr Allowance kModules{80e6, double{kOptions.module_budget_bytes} + 16e6,
                             1.5 * double{kOptions.module_budget_per_byte}};
constexpr Allowance kTexts{5e6, 4e6, 10 * 16};  // 16 times what ordinary text takes: 10 bytes for each of its bytes

struct Arguments {
  size_t bytes = 200'000;
  std::string only;
  bool opcodes = false;
  bool verbose = false;
  std::string program;
};

double time_of(const Cost& cost) { return static_cast<double>(cost.front + cost.compile + cost.load); }
double per_byte(double value, const Cost& cost) { return value / static_cast<double>(cost.input_bytes); }

class Run {
 public:
  Run(const Arguments& arguments, std::vector<std::byte> program)
      : arguments_(arguments), program_(std::move(program)) {}

  int run() {
    check_modules(Architecture::x86_64, "x86_64");
    check_modules(Architecture::riscv64, "riscv64");
    check_texts();
    std::printf("%d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  using Measure = std::function<Cost()>;

  // Checks the shapes of modules for one target.
  void check_modules(Architecture architecture, const std::string& target) {
    const Measure real = [&] { return measure_module([&] { return program_; }, architecture); };
    real_ = 0;
    std::vector<Shape> shapes = function_shapes();
    for (Shape& shape : module_shapes()) shapes.push_back(std::move(shape));
    for (const Shape& shape : shapes) {
      check(
          target + "/" + shape.name,
          [&] { return measure_module([&] { return shape.make(shape, arguments_.bytes); }, architecture); }, real,
          kModules);
      if (!shape.also_unoptimized) continue;
      check(
          target + "/opt=none/" + shape.name,
          [&] { return measure_module([&] { return shape.make(shape, arguments_.bytes); }, architecture, false); },
          real, kModules);
    }
    if (!arguments_.opcodes) return;
    for (const Shape& shape : opcode_shapes()) {
      check(
          target + "/" + shape.name,
          [&] { return measure_module([&] { return shape.make(shape, kOpcodeBytes); }, architecture); }, real,
          kModules);
    }
  }

  void check_texts() {
    const auto module = wasm::decode_module(program_, wasm::Features::all());
    const Result<std::string> text = wasm::text::disassemble(*module);
    real_ = 0;
    const Measure real = [&] { return measure_text([&] { return *text; }); };
    for (const TextShape& shape : text_shapes()) {
      check(
          "text/" + shape.name, [&] { return measure_text([&] { return shape.make(arguments_.bytes); }); }, real,
          kTexts);
    }
  }

  void check(const std::string& name, const Measure& measure, const Measure& measure_real, const Allowance& allowance) {
    if (!name.contains(arguments_.only)) return;
    std::string problem;
    // Other processes can only make this one slower, so the first good result counts.
    for (int tries = 0; tries < kTries; ++tries) {
      const Cost cost = measure();
      if (real_ == 0 || tries > 0) {
        const Cost real = measure_real();
        real_ = per_byte(time_of(real), real);
      }
      problem = judge(cost, allowance);
      if (problem.empty() ? arguments_.verbose : tries + 1 == kTries) print(name, cost, problem);
      if (problem.empty()) break;
    }
    ++(problem.empty() ? passed_ : failed_);
  }

  // Returns what is wrong with a cost; an empty text if nothing is.
  std::string judge(const Cost& cost, const Allowance& allowance) const {
    const auto bytes = static_cast<double>(cost.input_bytes);
    if (!cost.is_alive) return "the process died or hung";
    if (cost.error[0] != 0 && std::strstr(cost.error, "limit") == nullptr) return "it was refused";
    if (time_of(cost) > allowance.nanoseconds + kTimes * real_ * bytes) return "too slow";
    if (static_cast<double>(cost.memory_bytes) > allowance.memory + allowance.memory_per_byte * bytes)
      return "too much memory";
    return {};
  }

  void print(const std::string& name, const Cost& cost, const std::string& problem) const {
    const auto milliseconds = [](uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; };
    std::printf(
        "%s %s: %s%s%llu bytes; a byte %.0f ns (%.1f times a real program's), %.0f bytes; front %.0f, compile %.0f, "
        "load %.0f ms; "
        "%.1f MB%s%s\n",
        problem.empty() ? "ok" : "FAIL", name.c_str(), problem.c_str(), problem.empty() ? "" : ": ",
        static_cast<unsigned long long>(cost.input_bytes), per_byte(time_of(cost), cost),
        per_byte(time_of(cost), cost) / real_, per_byte(static_cast<double>(cost.memory_bytes), cost),
        milliseconds(cost.front), milliseconds(cost.compile), milliseconds(cost.load),
        static_cast<double>(cost.memory_bytes) / 1e6, cost.error[0] == 0 ? "" : "; ", cost.error);
  }

  const Arguments& arguments_;
  std::vector<std::byte> program_;
  double real_ = 0;  // nanoseconds per byte of the real program, when last measured
  int passed_ = 0;
  int failed_ = 0;
};

}  // namespace
}  // namespace cairn::bombs

int main(int argc, char** argv) {
  using namespace cairn;
  std::setvbuf(stdout, nullptr, _IONBF, 0);
  bombs::Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--bytes" && i + 1 < argc) {
      arguments.bytes = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--only" && i + 1 < argc) {
      arguments.only = argv[++i];
    } else if (argument == "--opcodes") {
      arguments.opcodes = true;
    } else if (argument == "--verbose") {
      arguments.verbose = true;
    } else {
      arguments.program = argument;
    }
  }
  if (arguments.program.empty()) return exit_status::kUsage;
  const Result<std::string> program = cli::load_program(arguments.program);
  if (!program) {
    std::fprintf(stderr, "cairn-bombs: %s\n", program.error().to_string().c_str());
    return exit_status::kBadModule;
  }
  return bombs::Run(arguments, cli::bytes_of(*program)).run();
}

#include "kernel/testing/injection.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/format.hpp"
#include "base/nothrow_memory.hpp"
#include "compiler/compile.hpp"
#include "kernel/boot/options.hpp"
#include "kernel/devices/console.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/program/engine_config.hpp"
#include "kernel/program/system.hpp"
#include "kernel/testing/account.hpp"
#include "runtime/linker.hpp"
#include "testing/trial/trial.hpp"
#include "wasi/memory_files/memory_file_system.hpp"
#include "wasi/wasi.hpp"
#include "wasm/decoder.hpp"

namespace cairn::kernel {
namespace {

using Extent = InjectedFailure::Extent;

// The guest's output, as far as it fits.
struct Output {
  std::array<char, 512> text{};
  size_t size = 0;

  void add(std::span<const std::byte> bytes) {
    const size_t count = std::min(bytes.size(), text.size() - size);
    std::memcpy(text.data() + size, bytes.data(), count);
    size += count;
  }
  [[nodiscard]] std::string_view view() const { return {text.data(), size}; }
};

class OutputFile final : public wasi::File {
 public:
  explicit OutputFile(Output& output) : output_(output) {}
  [[nodiscard]] bool is_stream() const override { return true; }
  wasi::WasiResult<size_t> read(uint64_t, std::span<std::byte>) override { return 0; }
  wasi::WasiResult<size_t> write(uint64_t, std::span<const std::byte> bytes) override {
    output_.add(bytes);
    return bytes.size();
  }
  wasi::WasiResult<wasi::FileStat> stat() override { return wasi::FileStat{}; }
  wasi::Errno set_size(uint64_t) override { return wasi::Errno::inval; }
  wasi::Errno allocate(uint64_t, uint64_t) override { return wasi::Errno::spipe; }
  wasi::Errno set_times(const wasi::SetTimes&) override { return wasi::Errno::success; }
  wasi::Errno sync() override { return wasi::Errno::success; }
  bool wait_readable(std::optional<uint64_t>) override { return true; }
  uint64_t readable_bytes() override { return 0; }

 private:
  Output& output_;
};

// What became of a run: `right` is the expected output, `refused` is the guest's report that something it needs was
// refused, `error` and `trap` name lack of memory as the reason, and `wrong` is any other end.
enum class Verdict : uint8_t { right, refused, error, trap, wrong };
constexpr size_t kVerdicts = 5;
constexpr std::string_view kVerdictNames[kVerdicts] = {"right", "refused", "errors", "traps", "wrong"};

// The outcome of a run. It holds no heap memory, because heap memory is counted.
struct Outcome {
  Outcome(Verdict what, std::string_view why) : verdict(what) { text << why.substr(0, 300); }
  Verdict verdict;
  LogLine text;
};

// Guests end with this status when something essential was refused.
constexpr uint32_t kRefused = 3;

Outcome outcome_of(const Error& error) {
  const bool names_limit = error.kind == ErrorKind::resource || error.kind == ErrorKind::limit;
  return {names_limit ? Verdict::error : Verdict::wrong, error.to_string()};
}

Outcome outcome_of(const runtime::Trap& trap, wasi::Context& context, const Output& output) {
  const std::optional<uint32_t> exit_status = context.exit_status();
  if (!exit_status) {
    const std::string text = trap.to_string();
    constexpr std::string_view kLimits[] = {"allocation failure", "call stack exhausted", "out of memory"};
    const bool names_limit = std::ranges::any_of(kLimits, [&](std::string_view limit) { return text.contains(limit); });
    return {names_limit ? Verdict::trap : Verdict::wrong, text};
  }
  const uint32_t status = *exit_status;
  if (status == 0 && output.view() == "right\n") return {Verdict::right, ""};
  if (status == kRefused && output.view().starts_with("refused")) return {Verdict::refused, output.view()};
  return {Verdict::wrong, "status " + decimal(status) + ", " + std::string(output.view())};
}

struct Compiled {
  std::vector<std::byte> object;
  compiler::BoundsMode bounds{};
};

class Guest {
 public:
  Guest(const CpioEntry& file, const runtime::EngineConfig& config, wasi::System& system)
      : name_(file.name), bytes_(file.data), config_(config), system_(system) {}

  [[nodiscard]] std::string_view name() const { return name_; }

  Outcome compile() {
    auto compiled = make_object();
    if (!compiled) return outcome_of(compiled.error());
    compiled_ = *std::move(compiled);
    return {Verdict::right, ""};
  }

  // Runs the guest with a store, an engine and files of its own.
  Outcome run() {
    auto definition = wasm::decode_module({bytes_.begin(), bytes_.end()}, config_.compiler.features);
    if (!definition) return outcome_of(definition.error());
    Output output;
    const auto files = wasi::MemoryFileSystem::create(system_, uint64_t{4} << 20);
    if (!files) return outcome_of(files.error());
    wasi::Context context(system_);
    auto ended = run_in(context, **files, *std::move(definition), output);
    if (!ended) return outcome_of(ended.error());
    return *std::move(ended);
  }

 private:
  Result<Compiled> make_object() {
    const wasm::Module definition =
        CAIRN_TRY(wasm::decode_module({bytes_.begin(), bytes_.end()}, config_.compiler.features));
    auto engine = CAIRN_TRY(runtime::Engine::create(config_));
    compiler::Options options = config_.compiler;
    options.bounds = engine->bounds_for(definition);
    return Compiled{CAIRN_TRY(compiler::compile_module(definition, options)), options.bounds};
  }

  Result<Outcome> run_in(wasi::Context& context, wasi::MemoryFileSystem& files, wasm::Module definition,
                         Output& output) {
    context.arguments = {"guest", "one", "two words"};
    context.environment = {"NAME=value"};
    bool has_all = true;
    for (int i = 0; i < 3; ++i) {
      has_all = has_all && context.add_stream(try_make_unique<OutputFile>(output), wasi::FileType::character_device);
    }
    auto root = files.root();
    if (!has_all || !root || !context.add_preopen(*std::move(root), "/")) {
      return fail(Error::of(ErrorKind::resource, "out of memory for descriptors"));
    }
    auto engine = CAIRN_TRY(runtime::Engine::create(config_));
    auto module = CAIRN_TRY(runtime::Module::load(*engine, std::move(definition), compiled_.object, compiled_.bounds));
    auto store = CAIRN_TRY(runtime::Store::create(*engine));
    runtime::Linker linker(*store);
    CAIRN_TRY(wasi::define_wasi(linker, context));
    const runtime::Outcome<runtime::Instance> instance = linker.instantiate(module);
    if (!instance) {
      if (instance.error().trap) return outcome_of(*instance.error().trap, context, output);
      return fail(instance.error().error);
    }
    const auto start = runtime::get_export_as<runtime::Func>(*store, *instance, "_start");
    if (!start) return fail(Error::of(ErrorKind::link, "no _start"));
    auto function = CAIRN_TRY(runtime::TypedFunc<void()>::create(*store, *start));
    const std::expected<void, runtime::Trap> ended = function.call(*store);
    if (!ended) return outcome_of(ended.error(), context, output);
    const bool is_right = output.view() == "right\n";
    return Outcome(is_right ? Verdict::right : Verdict::wrong, output.view());
  }

  std::string_view name_;
  std::span<const std::byte> bytes_;
  const runtime::EngineConfig& config_;
  wasi::System& system_;
  Compiled compiled_;
};

void print(const LogLine& line) { console::write(Port::standard_output, line.text()); }

struct Tally {
  std::array<uint64_t, kVerdicts> verdicts{};
  uint64_t runs = 0;
  uint64_t attempts = 0;  // the number of allocations in a run in which none fails
};

// Runs `attempt` without a failure to count its allocations. Then lets allocation 1, 1 + step and so on fail, one in
// each run, until a run ends before it reaches that allocation. With Extent::all_that_follow, all later ones fail, too.
template <class F>
void inject(std::string_view name, std::string_view phase, uint64_t step, Extent extent, Tally& tally, F&& attempt) {
  InjectedFailure& injected = injected_failure();
  (void)attempt();  // makes the objects that are made on first use, which stay
  for (uint64_t number = 0;;) {
    const Account before = Account::now();
    injected.arm(number, extent);
    const Outcome outcome = attempt();
    injected.disarm();
    const uint64_t failures = injected.failures();
    ++tally.runs;
    // If no allocation failed, any other result than the right one is wrong.
    Verdict verdict = outcome.verdict;
    if (failures == 0 && verdict != Verdict::right) verdict = Verdict::wrong;
    std::string left = Account::now().difference(before);
    if (!promises_are_exact()) left += " promises that are not exact";
    if (verdict == Verdict::wrong || !left.empty()) {
      verdict = Verdict::wrong;
      LogLine line;
      line << "FAIL " << name << ", " << phase << ", allocation " << number << ": "
           << kVerdictNames[static_cast<size_t>(outcome.verdict)] << " " << outcome.text.text()
           << (left.empty() ? "" : "; left: ") << left << "\n";
      print(line);
    }
    ++tally.verdicts[static_cast<size_t>(verdict)];
    if (number == 0) {
      tally.attempts = injected.attempts();
      number = 1;
    } else if (failures == 0) {
      return;
    } else {
      number += step;
    }
  }
}

uint64_t number_of(std::string_view command_line, std::string_view key, uint64_t otherwise) {
  return parse_number(boot_option(command_line, key)).value_or(otherwise);
}

void report(std::string_view name, std::string_view phase, const Tally& tally) {
  LogLine line;
  line << name << ", " << phase << ": " << tally.attempts << " allocations, " << tally.runs << " runs:";
  for (size_t i = 0; i < kVerdicts; ++i) {
    if (tally.verdicts[i] != 0) line << " " << tally.verdicts[i] << " " << kVerdictNames[i];
  }
  line << "\n";
  print(line);
}

}  // namespace

int run_injection(const Bundle& bundle, std::string_view command_line) {
  const uint64_t stride = number_of(command_line, "stride", 0),
                 step = std::max<uint64_t>(number_of(command_line, "step", 1), 1);
  const Extent extent = boot_option(command_line, "extent") == "all" ? Extent::all_that_follow : Extent::one;
  const auto config = engine_config(bundle.config);
  uint64_t passed = 0, failed = 0;
  for (const CpioEntry& file : bundle.files) {
    if (!config || file.kind != CpioKind::file) continue;
    KernelSystem machine;
    wasi::SleeplessSystem system(machine);
    Guest guest(file, *config, system);
    if (const Outcome outcome = guest.compile(); outcome.verdict != Verdict::right) {
      LogLine line;
      line << "FAIL " << guest.name() << ": " << outcome.text.text() << "\n";
      print(line);
      ++failed;
      continue;
    }
    Tally run, compile;
    inject(guest.name(), "run", step, extent, run, [&] { return guest.run(); });
    report(guest.name(), "run", run);
    if (stride != 0) {
      inject(guest.name(), "compile", stride, extent, compile, [&] { return guest.compile(); });
      report(guest.name(), "compile", compile);
    }
    constexpr auto kWrong = static_cast<size_t>(Verdict::wrong);
    const uint64_t wrong = run.verdicts[kWrong] + compile.verdicts[kWrong];
    failed += wrong;
    passed += run.runs + compile.runs - wrong;
  }
  LogLine line;
  line << passed << " passed, " << failed << " failed\n";
  print(line);
  return failed == 0 && passed != 0 ? 0 : 1;
}

}  // namespace cairn::kernel

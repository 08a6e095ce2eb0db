#include "kernel/program/run.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/program/engine_config.hpp"
#include "kernel/program/marked_output.hpp"
#include "kernel/program/system.hpp"
#include "kernel/time/clock.hpp"
#include "runtime/time_limit.hpp"
#include "wasi/memory_files/memory_file_system.hpp"
#include "wasi/null_file.hpp"
#include "wasi/program.hpp"

namespace cairn::kernel {
namespace {

enum class HasInput : uint8_t { no, yes };

// Converts an absolute path to one relative to the root.
std::string_view without_slash(std::string_view path) { return path.substr(path.starts_with('/') ? 1 : 0); }

Result<void> fill_file_system(const BootConfig& config, std::span<const CpioEntry> entries,
                              wasi::MemoryFileSystem& files) {
  for (const CpioEntry& entry : entries) {
    switch (entry.kind) {
      case CpioKind::directory: CAIRN_TRY(files.add_directory(entry.name)); break;
      case CpioKind::file: CAIRN_TRY(files.add_file(entry.name, entry.data)); break;
      case CpioKind::symlink:
        CAIRN_TRY(files.add_link(entry.name, {reinterpret_cast<const char*>(entry.data.data()), entry.data.size()}));
        break;
    }
  }
  if (config.standard_files.empty()) return {};
  return files.add_standard_files(without_slash(config.standard_files));
}

// Adds the descriptors with which the program starts.
Result<void> add_descriptors(const BootConfig& config, HasInput has_input, wasi::MemoryFileSystem& files,
                             wasi::Context& context) {
  bool has_all = true;
  constexpr Port kStreams[] = {Port::standard_input, Port::standard_output, Port::standard_error};
  for (size_t i = 0; i < 3; ++i) {
    const IsTerminal terminal = config.terminal[i] ? IsTerminal::yes : IsTerminal::no;
    auto file = i == 0 && has_input == HasInput::no ? try_make_unique<wasi::NullFile>()
                                                    : make_port_file(kStreams[i], terminal, config.name);
    has_all &= context.add_stream(std::move(file), file_type_of(terminal));
  }
  for (const auto& [name, path] : config.preopens) {
    auto directory = files.open(without_slash(path));
    if (!directory && directory.error() != wasi::Errno::nomem) {
      return fail(Error::of(ErrorKind::io, "there is no directory " + path));
    }
    has_all &= directory && context.add_preopen(*std::move(directory), name);
  }
  if (!has_all) return fail(Error::of(ErrorKind::resource, "no memory for the program's descriptors"));
  return {};
}

void report_times(const wasi::PhaseTimes& times, uint64_t start) {
  const std::string_view time = control_record::kTime;
  send_record(time, "boot", start);
  send_record(time, "decode", times.decode);
  send_record(time, "compile", times.compile);
  send_record(time, "instantiate", times.instantiate);
  send_record(time, "run", times.run);
  send_record(time, "total", nanoseconds_since_boot());
  const MemoryStatistics memory = memory_statistics();
  send_record(control_record::kStat, "code_bytes", times.code_bytes);
  send_record(control_record::kStat, "resident_bytes", memory.total - memory.free);
  if (!times.heap) return;
  send_record(control_record::kStat, "gc_minor", times.heap->minor_collections);
  send_record(control_record::kStat, "gc_major", times.heap->major_collections);
  send_record(control_record::kStat, "gc_allocated_bytes", times.heap->allocated_bytes);
  send_record(control_record::kStat, "gc_live_bytes", times.heap->live_bytes);
  send_record(control_record::kStat, "gc_maximum_pause", times.heap->pauses.maximum());
  send_record(control_record::kStat, "gc_99_percent_pause", times.heap->pauses.quantile(990));
  send_record(control_record::kStat, "gc_pauses", times.heap->pauses.total());
}

// A running program's own parts. Programs share the engine.
struct Running {
  KernelSystem system;
  std::unique_ptr<wasi::MemoryFileSystem> files;
  wasi::Context context{system};
  std::unique_ptr<wasi::Program> program;
};

void write(Port port, std::string_view name, std::string_view text) {
  if (name.empty()) {
    console::write(port, text);
  } else {
    (void)write_marked(port, name, std::as_bytes(std::span(text)));
  }
}

Result<wasi::ProgramResult> run(runtime::Engine& engine, const BundledProgram& bundled,
                                std::span<const CpioEntry> files, HasInput has_input, Running& running) {
  const uint64_t start = nanoseconds_since_boot();
  const BootConfig& config = bundled.config;
  running.files = CAIRN_TRY(wasi::MemoryFileSystem::create(running.system, memory_statistics().total / 2));
  CAIRN_TRY(fill_file_system(config, files, *running.files));
  wasi::Context& context = running.context;
  context.arguments = config.arguments;
  context.environment = config.environment;
  CAIRN_TRY(add_descriptors(config, has_input, *running.files, context));

  std::optional<runtime::TimeLimit> limit(
      std::in_place, runtime::time_limits(config.wall_limit_nanoseconds, config.cpu_limit_nanoseconds));
  wasi::PhaseTimes times;
  const wasi::ProgramOptions options{.invoke = config.invoke, .trap_unknown_imports = config.trap_unknown_imports};
  running.program =
      CAIRN_TRY(wasi::Program::load(engine, {bundled.program.begin(), bundled.program.end()}, context, options, times));
  auto result = CAIRN_TRY(running.program->run(times));
  // The limit is removed before the message is written, because an ended limit would end that write as well.
  const auto reached =
      result.trap && runtime::TimeLimit::is_over() ? std::optional(limit->describe_ended()) : std::nullopt;
  limit.reset();
  if (reached) write(Port::standard_error, config.name, "cairn: the program has reached " + *reached + "\n");
  if (config.report_times) report_times(times, start);
  return result;
}

// Tells the user how the program ended, and returns its exit status.
int report_end(const Result<wasi::ProgramResult>& result, std::string_view name) {
  if (!result) {
    write(Port::standard_error, name, "cairn: " + result.error().to_string() + "\n");
    return exit_status_of(result.error().kind);
  }
  if (result->trap) {
    write(Port::standard_error, name, result->trap->to_string());
    return exit_status::kTrap;
  }
  write(Port::standard_output, name, result->output);
  return static_cast<int>(result->exit_status & 0xff);
}

// A program beside the main one. It has an empty file system of its own and no input.
class CompanionFiber final : public Fiber {
 public:
  CompanionFiber(runtime::Engine& engine, const BundledProgram& bundled) : engine_(engine), bundled_(bundled) {}

 private:
  void run() override {
    auto running = try_make_unique<Running>();
    std::vector<CpioEntry> directories;
    for (const Preopen& preopen : bundled_.config.preopens)
      directories.push_back({.kind = CpioKind::directory, .name = without_slash(preopen.path), .data = {}});
    const auto result = running ? kernel::run(engine_, bundled_, directories, HasInput::no, *running)
                                : fail(cairn::out_of_memory("a program"));
    running.reset();  // a message may need the memory
    report_end(result, bundled_.config.name);
  }

  runtime::Engine& engine_;
  const BundledProgram& bundled_;
};

Result<std::unique_ptr<runtime::Engine>> make_engine(const BootConfig& config) {
  return runtime::Engine::create(CAIRN_TRY(engine_config(config)));
}

}  // namespace

void send_record(std::string_view kind, std::string_view name, uint64_t value) {
  LogLine line;
  line << kind;
  if (!name.empty()) line << " " << name;
  line << " " << value << "\n";
  console::write(Port::control, line.text());
}

int run_programs(const Bundle& bundle) {
  const BootConfig& config = bundle.config;
  auto engine = make_engine(config);
  if (!engine) return report_end(std::unexpected(engine.error()), config.name);
  // The other programs' fibers are not joined, because the machine ends with the main program.
  for (const BundledProgram& other : bundle.others) {
    auto fiber = try_make_unique<CompanionFiber>(**engine, other);
    const Result<void> started = fiber ? start(*fiber) : fail(cairn::out_of_memory("a program"));
    if (started) {
      (void)fiber.release();
    } else {
      report_end(std::unexpected(started.error()), other.config.name);
    }
  }
  std::unique_ptr<Running> running = try_make_unique<Running>();
  const Result<wasi::ProgramResult> result =
      running ? run(**engine, bundle, bundle.files, HasInput::yes, *running) : fail(cairn::out_of_memory("a program"));
  if (result && !result->trap) {
    // The machine ends with its program, so destroying the parts first would only cost time.
    (void)running.release();
  } else {
    running.reset();  // the message may need the memory
  }
  (void)engine->release();  // the other programs may still run
  return report_end(result, config.name);
}

}  // namespace cairn::kernel

#include "kernel/program/run.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/program/engine_config.hpp"
#include "kernel/program/system.hpp"
#include "kernel/time/clock.hpp"
#include "wasi/memory_files/memory_file_system.hpp"
#include "wasi/program.hpp"

namespace cairn::kernel {
namespace {

// Converts an absolute path to one relative to the root.
std::string_view without_slash(std::string_view path) { return path.substr(path.starts_with('/') ? 1 : 0); }

Result<void> fill_file_system(const Bundle& bundle, wasi::MemoryFileSystem& files) {
  for (const CpioEntry& entry : bundle.files) {
    switch (entry.kind) {
      case CpioKind::directory: CAIRN_TRY(files.add_directory(entry.name)); break;
      case CpioKind::file: CAIRN_TRY(files.add_file(entry.name, entry.data)); break;
      case CpioKind::symlink:
        CAIRN_TRY(files.add_link(entry.name, {reinterpret_cast<const char*>(entry.data.data()), entry.data.size()}));
        break;
    }
  }
  if (bundle.config.standard_files.empty()) return {};
  return files.add_standard_files(without_slash(bundle.config.standard_files));
}

// The descriptors that the program starts with.
Result<void> add_descriptors(const BootConfig& config, wasi::MemoryFileSystem& files, wasi::Context& context) {
  bool has_all = true;
  constexpr Port kStreams[] = {Port::standard_input, Port::standard_output, Port::standard_error};
  for (size_t i = 0; i < 3; ++i) {
    const IsTerminal terminal = config.terminal[i] ? IsTerminal::yes : IsTerminal::no;
    has_all &= context.add_stream(make_port_file(kStreams[i], terminal), file_type_of(terminal));
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

// All parts of a running program.
struct Running {
  KernelSystem system;
  std::unique_ptr<wasi::MemoryFileSystem> files;
  wasi::Context context{system};
  std::unique_ptr<runtime::Engine> engine;
  std::unique_ptr<wasi::Program> program;
};

Result<wasi::ProgramResult> run(const Bundle& bundle, Running& running) {
  const uint64_t start = nanoseconds_since_boot();
  const BootConfig& config = bundle.config;
  running.files = CAIRN_TRY(wasi::MemoryFileSystem::create(running.system, memory_statistics().total / 2));
  CAIRN_TRY(fill_file_system(bundle, *running.files));
  wasi::Context& context = running.context;
  context.arguments = config.arguments;
  context.environment = config.environment;
  CAIRN_TRY(add_descriptors(config, *running.files, context));
  running.engine = CAIRN_TRY(runtime::Engine::create(CAIRN_TRY(engine_config(config))));

  wasi::PhaseTimes times;
  const wasi::ProgramOptions options{.invoke = config.invoke, .trap_unknown_imports = config.trap_unknown_imports};
  running.program = CAIRN_TRY(
      wasi::Program::load(*running.engine, {bundle.program.begin(), bundle.program.end()}, context, options, times));
  auto result = CAIRN_TRY(running.program->run(times));
  if (config.report_times) report_times(times, start);
  return result;
}

}  // namespace

void send_record(std::string_view kind, std::string_view name, uint64_t value) {
  LogLine line;
  line << kind;
  if (!name.empty()) line << " " << name;
  line << " " << value << "\n";
  console::write(Port::control, line.text());
}

int run_program(const Bundle& bundle) {
  std::unique_ptr<Running> running = try_make_unique<Running>();
  const Result<wasi::ProgramResult> result = running ? run(bundle, *running) : fail(cairn::out_of_memory("a program"));
  if (result && !result->trap) {
    console::write(Port::standard_output, result->output);
    // The machine ends with its program, so destroying the parts first would only cost time.
    (void)running.release();
    return static_cast<int>(result->exit_status & 0xff);
  }
  running.reset();  // the message may need the memory
  if (!result) {
    console::write(Port::standard_error, "cairn: " + result.error().to_string() + "\n");
    return exit_status_of(result.error().kind);
  }
  console::write(Port::standard_error, result->trap->to_string());
  return exit_status::kTrap;
}

}  // namespace cairn::kernel

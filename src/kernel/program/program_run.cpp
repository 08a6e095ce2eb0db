#include "kernel/program/program_run.hpp"

#include <optional>
#include <span>

#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/program/marked_output.hpp"
#include "runtime/time_limit.hpp"
#include "wasi/null_file.hpp"
#include "wasi/system/children.hpp"
#include "wasi/system/stop_file.hpp"

namespace cairn::kernel {
namespace {

// Converts an absolute path to one relative to the root.
std::string_view without_slash(std::string_view path) { return path.substr(path.starts_with('/') ? 1 : 0); }

Result<void> fill_file_system(const BundledProgram& program, wasi::MemoryFileSystem& files) {
  for (const CpioEntry& entry : program.files) {
    switch (entry.kind) {
      case CpioKind::directory: CAIRN_TRY(files.add_directory(entry.name)); break;
      case CpioKind::file: CAIRN_TRY(files.add_file(entry.name, entry.data)); break;
      case CpioKind::symlink:
        CAIRN_TRY(files.add_link(entry.name, {reinterpret_cast<const char*>(entry.data.data()), entry.data.size()}));
        break;
    }
  }
  if (program.config.standard_files.empty()) return {};
  return files.add_standard_files(without_slash(program.config.standard_files));
}

// Adds a file as standard input, which ends when the program is asked to stop. Returns false if there is no room.
bool add_input(std::unique_ptr<wasi::File> file, wasi::Context& context) {
  if (context.stop_flag() == nullptr) return context.add_stream(std::move(file), wasi::FileType::unknown);
  Ref<wasi::Descriptor> source = wasi::make_descriptor();
  if (!source) return false;
  source->file = std::move(file);
  return context.add_stream(try_make_unique<wasi::StopFile>(std::move(source), *context.stop_flag()),
                            wasi::FileType::unknown);
}

// Adds the descriptors with which the program starts.
Result<void> add_descriptors(const ProgramJob& job, RunningProgram& running) {
  wasi::MemoryFileSystem& files = *running.files;
  wasi::Context& context = running.context;
  bool has_all = true;
  constexpr Port kStreams[] = {Port::standard_input, Port::standard_output, Port::standard_error};
  for (size_t i = 0; i < 3; ++i) {
    if (i == 0 && running.streams.input) {
      has_all &= add_input(std::move(running.streams.input), context);
      continue;
    }
    if (i == 1 && running.streams.output) {
      has_all &= context.add_stream(std::move(running.streams.output), wasi::FileType::unknown);
      continue;
    }
    if (i == 0 && !job.program.config.has_input) {
      has_all &= context.add_stream(try_make_unique<wasi::NullFile>(), wasi::FileType::unknown);
      continue;
    }
    const IsTerminal terminal = job.boot.terminal[i] ? IsTerminal::yes : IsTerminal::no;
    has_all &= context.add_stream(make_port_file(kStreams[i], terminal, job.mark()), file_type_of(terminal));
  }
  for (const auto& [name, path] : job.program.config.preopens) {
    auto directory = files.open(without_slash(path));
    if (!directory && directory.error() != wasi::Errno::nomem) {
      return fail(Error::of(ErrorKind::io, "there is no directory " + path));
    }
    has_all &= directory && context.add_preopen(*std::move(directory), name);
  }
  if (!has_all) return fail(Error::of(ErrorKind::resource, "no room for the program's descriptors"));
  return {};
}

}  // namespace

namespace {

Result<wasi::ProgramResult> run_program(const ProgramJob& job, RunningProgram& running, runtime::TimeLimit& limit,
                                        wasi::PhaseTimes& times) {
  const ProgramConfig& config = job.program.config;
  running.files = CAIRN_TRY(wasi::MemoryFileSystem::create(running.system, running.context.allowances()[Limit::files]));
  CAIRN_TRY(fill_file_system(job.program, *running.files));
  wasi::Context& context = running.context;
  context.arguments = config.arguments;
  context.environment = config.environment;
  if (job.stop_flag != nullptr) context.set_stop_flag(*job.stop_flag);
  if (config.allows_system && job.services != nullptr) {
    auto children = try_make_unique<wasi::Children>(context, job.engine, *job.services, config.name);
    if (!children) return fail(cairn::out_of_memory("the capability to start programs"));
    context.set_children(std::move(children));
  }
  CAIRN_TRY(add_descriptors(job, running));

  const wasi::ProgramOptions options{.invoke = config.invoke, .trap_unknown_imports = config.trap_unknown_imports};
  auto module = CAIRN_TRY(job.module.get(job.engine, running.system, context.allowances(), times));
  running.program = CAIRN_TRY(wasi::Program::create(std::move(module), context, options, times));
  return running.program->run(limit, times);
}

}  // namespace

wasi::LimitedRun run_once(const ProgramJob& job, RunningProgram& running, wasi::PhaseTimes& times,
                          wasi::KillSwitch& kill_switch) {
  return wasi::run_limited(job.program.config, kill_switch,
                           [&](runtime::TimeLimit& limit) { return run_program(job, running, limit, times); });
}

namespace {

// Writes a text whose size a guest decides.
template <class Make>
void write_made(Port port, std::string_view mark, Make make) {
  const Result<std::string> text = run_operation(make);
  write_message(port, mark,
                text ? std::string_view(*text) : "cairn: there is no memory to say how the program ended\n");
}

}  // namespace

void report_end(const wasi::LimitedRun& run, std::string_view mark) {
  const Result<wasi::ProgramResult>& result = run.result;
  // The supervisor has already written a message about a limit of memory.
  if (!run.message.empty() && run.time_end != runtime::TimeEnd::memory_limit)
    write_message(Port::standard_error, mark, run.message);
  if (run.time_end == runtime::TimeEnd::kill) return;
  if (!result) {
    write_made(Port::standard_error, mark, [&] { return "cairn: " + result.error().to_string() + "\n"; });
  } else if (result->trap) {
    write_made(Port::standard_error, mark, [&] { return result->trap->to_string(); });
  } else {
    write_message(Port::standard_output, mark, result->output);
  }
}

}  // namespace cairn::kernel

#include "host/cli/process_program.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/directories.hpp"
#include "wasi/null_file.hpp"
#include "wasi/supervision/kill_switch.hpp"
#include "wasi/supervision/limited_run.hpp"
#include "wasi/supervision/marked_file.hpp"
#include "wasi/system/children.hpp"

namespace cairn::cli {
namespace {

// The objects that a program uses while it runs.
struct RunningProgram {
  explicit RunningProgram(const ProcessJob& job) : allowances(job.program.config.limits) {
    allowances[Limit::files].lower(job.file_bytes);
  }

  Allowances allowances;
  host::LinuxSystem system;
  std::unique_ptr<wasi::MemoryFileSystem> files;
  wasi::Context context{system, allowances};
  std::unique_ptr<wasi::Program> program;
};

// For each standard stream, Linux's error number of the first write that failed; 0: none did.
using LostOutput = std::array<std::atomic<int>, 3>;

std::unique_ptr<wasi::File> make_stream(const ProcessJob& job, int descriptor, LostOutput& lost) {
  auto file = host::make_file(descriptor, host::Ownership::borrowed, &lost[descriptor]);
  if (!file || job.lines == nullptr || descriptor == STDIN_FILENO) return file;
  return try_make_unique<wasi::MarkedFile<StreamLine>>(std::move(file), (*job.lines)[descriptor - 1],
                                                       job.program.config.name);
}

void write_message(const ProcessJob& job, int descriptor, std::string_view text, LostOutput& lost) {
  const auto file = make_stream(job, descriptor, lost);
  auto bytes = std::as_bytes(std::span(text));
  while (file && !bytes.empty()) {
    const auto written = file->write(0, bytes);
    if (!written) return;
    bytes = bytes.subspan(*written);
  }
}

// Adds the descriptors with which the program starts.
Result<void> add_descriptors(const ProcessJob& job, RunningProgram& running, LostOutput& lost) {
  wasi::Context& context = running.context;
  bool has_all = true;
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const bool is_empty = descriptor == STDIN_FILENO && !job.program.config.has_input;
    has_all &= is_empty ? context.add_stream(try_make_unique<wasi::NullFile>(), wasi::FileType::unknown)
                        : context.add_stream(make_stream(job, descriptor, lost), host::file_type_of(descriptor));
  }
  // As on machines, a program has a root in memory unless the user gives another one or wants none.
  if (has_default_root(job.program)) {
    running.files = CAIRN_TRY(wasi::MemoryFileSystem::create(running.system, running.allowances[Limit::files]));
    CAIRN_TRY(running.files->add_standard_files(""));
    auto root = running.files->root();
    has_all &= root && context.add_preopen(*std::move(root), "/");
  }
  for (const host::DirectoryMapping& mapping : job.program.directories) {
    has_all &= context.add_preopen(CAIRN_TRY(host::open_host_directory(mapping.host)), mapping.guest);
  }
  if (!has_all) return fail(Error::of(ErrorKind::resource, "no room for the program's descriptors"));
  return {};
}

Result<wasi::ProgramResult> run_program(const ProcessJob& job, RunningProgram& running, runtime::TimeLimit& limit,
                                        wasi::PhaseTimes& times, LostOutput& lost) {
  const ProgramConfig& config = job.program.config;
  running.context.arguments = config.arguments;
  running.context.environment = config.environment;
  if (config.allows_system && job.services != nullptr) {
    auto children = try_make_unique<wasi::Children>(running.context, job.engine, *job.services, config.name);
    if (!children) return fail(cairn::out_of_memory("the capability to start programs"));
    running.context.set_children(std::move(children));
  }
  CAIRN_TRY(add_descriptors(job, running, lost));
  const wasi::ProgramOptions options{.invoke = config.invoke, .trap_unknown_imports = config.trap_unknown_imports};
  auto module = CAIRN_TRY(job.module.get(job.engine, running.system, running.allowances, times));
  running.program = CAIRN_TRY(wasi::Program::create(std::move(module), running.context, options, times));
  return running.program->run(limit, times);
}

}  // namespace

wasi::ProgramEnd run_once(const ProcessJob& job, wasi::PhaseTimes& times) {
  LostOutput lost{};
  RunningProgram running(job);
  wasi::KillSwitch never;
  const wasi::LimitedRun run = wasi::run_limited(job.program.config, never, [&](runtime::TimeLimit& limit) {
    return run_program(job, running, limit, times, lost);
  });
  const Result<wasi::ProgramResult>& result = run.result;
  write_message(job, STDERR_FILENO, run.message, lost);
  if (!result || result->trap) write_message(job, STDERR_FILENO, running.allowances.describe_refusals(), lost);
  if (!result) {
    write_message(job, STDERR_FILENO, "cairn: " + result.error().to_string() + "\n", lost);
  } else if (result->trap) {
    write_message(job, STDERR_FILENO, result->trap->to_string(), lost);
  } else {
    write_message(job, STDOUT_FILENO, result->output, lost);
  }
  wasi::ProgramEnd end = wasi::program_end(run);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    if (end.kind != wasi::EndKind::success || lost[stream] == 0) continue;
    end = {wasi::EndKind::failure, status_after_loss(end.status, stream, std::strerror(lost[stream]))};
  }
  return end;
}

}  // namespace cairn::cli

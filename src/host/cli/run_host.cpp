// `cairn run` with the target host: runs a program in this process.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>

#include "host/cli/commands.hpp"
#include "host/cli/directories.hpp"
#include "host/system/linux_system.hpp"
#include "runtime/configure.hpp"
#include "runtime/time_limit.hpp"
#include "wasi/memory_files/memory_file_system.hpp"
#include "wasi/program.hpp"

namespace cairn::cli {

namespace {

void print_milliseconds(const char* name, uint64_t nanoseconds) {
  std::fprintf(stderr, "%-12s %8.1f ms\n", name, static_cast<double>(nanoseconds) / 1e6);
}

void print_heap(const runtime::HeapStatistics& heap) {
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  const auto megabytes = [](uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  const auto milliseconds = [](uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; };
  std::fprintf(stderr, "%-12s %llu minor, %llu major (%llu at once); MB: %.1f allocated, %.1f promoted, %.1f live\n",
               "collections", number(heap.minor_collections), number(heap.major_collections),
               number(heap.full_collections), megabytes(heap.allocated_bytes), megabytes(heap.promoted_bytes),
               megabytes(heap.live_bytes));
  std::fprintf(stderr, "%-12s %.3f ms maximum, %.3f ms for 99 %%, %.1f ms in all (%llu pauses)\n", "pauses",
               milliseconds(heap.pauses.maximum()), milliseconds(heap.pauses.quantile(990)),
               milliseconds(heap.pauses.total()), number(heap.pauses.count()));
}

}  // namespace

BootConfig engine_settings(const Options& options) {
  BootConfig config;
  config.bounds = options.bounds;
  config.disabled_features = options.disabled_features;
  config.engine_options = options.engine_options;
  return config;
}

std::vector<std::byte> bytes_of(const std::string& text) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Result<int> run_on_host(const Options& options, const std::string& program) {
  const auto engine =
      CAIRN_TRY(runtime::Engine::create(CAIRN_TRY(runtime::configure_engine(engine_settings(options)))));
  host::LinuxSystem system;
  std::unique_ptr<wasi::MemoryFileSystem> files;  // outlives the context, which has files open in it
  wasi::Context context(system);
  context.arguments = options.operands;
  context.environment = options.environment;
  int lost[3] = {};  // for each standard stream, Linux's error number of the first failed write
  bool has_all = true;
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    has_all &= context.add_stream(host::make_file(descriptor, host::Ownership::borrowed, &lost[descriptor]),
                                  host::file_type_of(descriptor));
  }
  // As on machines, a program has a root in memory unless the user gives another one or wants none.
  if (has_default_root(options)) {
    files = CAIRN_TRY(wasi::MemoryFileSystem::create(system, options.memory_bytes / 2));
    CAIRN_TRY(files->add_standard_files(""));
    auto root = files->root();
    has_all &= root && context.add_preopen(*std::move(root), "/");
  }
  for (const DirectoryMapping& mapping : options.directories) {
    has_all &= context.add_preopen(CAIRN_TRY(host::open_host_directory(mapping.host)), mapping.guest);
  }
  if (!has_all) return fail(Error::of(ErrorKind::resource, "no memory for the program's descriptors"));

  wasi::PhaseTimes times;
  const wasi::ProgramOptions program_options{.invoke = options.invoke,
                                             .trap_unknown_imports = options.trap_unknown_imports};
  const runtime::TimeLimit limit(runtime::time_limits(options.wall_limit_nanoseconds, options.cpu_limit_nanoseconds));
  const auto loaded = CAIRN_TRY(wasi::Program::load(*engine, bytes_of(program), context, program_options, times));
  const wasi::ProgramResult result = CAIRN_TRY(loaded->run(times));
  if (std::fputs(result.output.c_str(), stdout) < 0 || std::fflush(stdout) != 0) lost[STDOUT_FILENO] = errno;
  if (options.report_times) {
    print_milliseconds("decode", times.decode);
    print_milliseconds("compile", times.compile);
    print_milliseconds("instantiate", times.instantiate);
    print_milliseconds("run", times.run);
    if (times.heap) print_heap(*times.heap);
  }
  if (result.trap) {
    if (runtime::TimeLimit::is_over())
      std::fprintf(stderr, "cairn: the program has reached %s\n", limit.describe_ended().c_str());
    std::fputs(result.trap->to_string().c_str(), stderr);
    return exit_status::kTrap;
  }
  const int status = static_cast<int>(result.exit_status & 0xff);
  for (int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    if (lost[stream] != 0) return status_after_loss(status, stream, std::strerror(lost[stream]));
  }
  return status;
}

}  // namespace cairn::cli

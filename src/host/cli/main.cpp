// The `cairn` command. The launcher at the top of the tree builds what a command needs and then becomes this program.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "host/cli/accelerator.hpp"
#include "host/cli/bundle.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/cli/machine.hpp"
#include "host/cli/options.hpp"
#include "host/cli/systems.hpp"

namespace cairn::cli {
namespace {

// Chooses the accelerator of a machine, and warns about an option that has no effect.
Result<void> prepare_machine(Options& options) {
  if (!is_machine(options.target) && options.has("--cpus") && options.cpus > 1)
    std::fputs("cairn: --cpus is for machines; on a host a program has the CPUs that the host has\n", stderr);
  options.accelerator = CAIRN_TRY(choose_accelerator(options));
  return {};
}

Result<int> run(Options options) {
  host::SystemDescription description = CAIRN_TRY(describe_system(options));
  CAIRN_TRY(prepare_machine(options));
  const LoadedSystem system = CAIRN_TRY(load_system(std::move(description)));
  return is_machine(options.target) ? run_on_machine(options, system) : run_on_host(options, system);
}

// Boots the console with the programs of a system file.
Result<int> boot(Options options) {
  host::SystemDescription description = CAIRN_TRY(describe_system(options));
  CAIRN_TRY(prepare_machine(options));
  return boot_console(options, CAIRN_TRY(make_bundle(options, CAIRN_TRY(load_system(std::move(description))))));
}

Result<int> dispatch(Options options) {
  if (options.command == Command::run) return run(std::move(options));
  if (options.command == Command::boot && is_system_file(options)) return boot(std::move(options));
  CAIRN_TRY(prepare_machine(options));
  switch (options.command) {
    case Command::run: break;
    case Command::boot: return boot_console(options, std::nullopt);
    case Command::compile: return compile(options);
    case Command::objdump: return objdump(options);
    case Command::validate: return validate(options);
    case Command::wast: return wast(options);
    case Command::try_modules: return try_modules(options);
    case Command::wat2wasm: return wat2wasm(options);
    case Command::wasm2wat: return wasm2wat(options);
  }
  return exit_status::kUsage;
}

}  // namespace

Error continue_as_riscv64(const Options& options, char* const* argv) {
  const std::string program = build_directory() + "/host-riscv64/cairn-cli";
  std::vector<char*> arguments = {const_cast<char*>("qemu-riscv64")};
  if (!options.cpu.empty()) {
    arguments.push_back(const_cast<char*>("-cpu"));
    arguments.push_back(const_cast<char*>(options.cpu.c_str()));
  }
  arguments.push_back(const_cast<char*>(program.c_str()));
  while (*++argv != nullptr) arguments.push_back(*argv);
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  return Error::of(ErrorKind::io, std::string("cannot start qemu-riscv64: ") + std::strerror(errno));
}

namespace {

// Prints each line of the message after `cairn: `. An Error about a system file has a line for each mistake.
void print_error(const Error& error) {
  const std::string text = error.to_string();
  for (std::string_view rest = text;;) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    std::fprintf(stderr, "cairn: %.*s\n", static_cast<int>(line.size()), line.data());
    if (line.size() == rest.size()) return;
    rest.remove_prefix(line.size() + 1);
  }
}

}  // namespace
}  // namespace cairn::cli

int main(int argc, char** argv) {
  using namespace cairn;
  using namespace cairn::cli;
  // A file that is opened later must not get the number of a standard stream that the caller has closed. So
  // /dev/null, opened in the wrong direction, takes the number. Using it gives a program EBADF, like a closed
  // descriptor.
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    const int wrong_way = descriptor == 0 ? O_WRONLY : O_RDONLY;
    if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", wrong_way) != descriptor) return exit_status::kSystem;
  }
  signal(SIGCHLD, SIG_DFL);  // a caller that ignores it would prevent waiting for child processes
  Result<int> status = 0;
  Result<Options> options = parse_options(std::span<char* const>(argv + 1, static_cast<size_t>(argc - 1)));
  if (!options) {
    status = fail(std::move(options).error());
  } else {
#ifndef __riscv
    if (options->target == Target::host_riscv64) {
      status = fail(continue_as_riscv64(*options, argv));
    } else
#endif
      status = dispatch(*std::move(options));
  }
  if (!status) {
    print_error(status.error());
    return exit_status_of(status.error().kind);
  }
  return *status;
}

// The `cairn` command. The launcher at the top of the tree builds what a command needs and then becomes this program.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "host/cli/accelerator.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/files.hpp"
#include "host/cli/options.hpp"
#include "host/cli/program.hpp"

namespace cairn::cli {
namespace {

Result<int> run(const Options& options) {
  const std::string program = CAIRN_TRY(load_program(options.operands[0]));
  switch (options.target) {
    case Target::x86_64:
    case Target::riscv64: return run_on_machine(options, program);
    case Target::host:
    case Target::host_riscv64: return run_on_host(options, program);
  }
  return exit_status::kUsage;
}

Result<int> dispatch(const Options& options) {
  switch (options.command) {
    case Command::run: return run(options);
    case Command::boot: return boot_console(options);
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

// Chooses the accelerator of machines, and then runs the command.
Result<int> with_accelerator(Options options) {
  const bool is_machine = options.target == Target::x86_64 || options.target == Target::riscv64;
  if (!is_machine && options.cpus > 1)
    std::fputs("cairn: --cpus is for machines; on a host a program has the CPUs that the host has\n", stderr);
  options.accelerator = CAIRN_TRY(choose_accelerator(options));
  return dispatch(options);
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

}  // namespace cairn::cli

int main(int argc, char** argv) {
  using namespace cairn;
  using namespace cairn::cli;
  // A file that is opened later must not get the number of a standard stream that the caller has closed. So a
  // descriptor of the wrong direction takes this number, for which programs get the error (EBADF) of a closed one.
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
      status = with_accelerator(*options);
  }
  if (!status) {
    std::fprintf(stderr, "cairn: %s\n", status.error().to_string().c_str());
    return exit_status_of(status.error().kind);
  }
  return *status;
}

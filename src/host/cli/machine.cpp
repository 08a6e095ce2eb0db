#include "host/cli/machine.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/boot_protocol.hpp"
#include "base/format.hpp"
#include "host/cli/child.hpp"
#include "host/cli/files.hpp"
#include "host/cli/pump.hpp"

namespace cairn::cli {
namespace {

Error system_error(const char* what) {
  return Error::of(ErrorKind::io, std::string(what) + ": " + std::strerror(errno));
}

// Two connected sockets. This process keeps one of them, and QEMU inherits the other one.
struct SocketPair {
  FileDescriptor ours, theirs;

  static Result<SocketPair> create() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return fail(system_error("cannot create a socket"));
    SocketPair pair{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
    fcntl(pair.ours.get(), F_SETFD, FD_CLOEXEC);
    return pair;
  }
};

const char* qemu_program(Target target) {
  return target == Target::riscv64 ? "qemu-system-riscv64" : "qemu-system-x86_64";
}

std::string kernel_command_line(const Options& options) {
  std::string line;
  if (!options.paging.empty()) line += std::string(kernel_option::kPaging) + "=" + options.paging + " ";
  if (options.verbose) line += std::string(kernel_option::kLogLevels) + "=debug ";
  return line;
}

std::vector<std::string> base_arguments(const Options& options) {
  std::vector<std::string> arguments = {qemu_program(options.target)};
  const auto add = [&](std::initializer_list<const char*> words) {
    arguments.insert(arguments.end(), words.begin(), words.end());
  };
  switch (options.machine) {
    case Machine::microvm:
      // Only ACPI's tables list the other CPUs, but making them takes QEMU's firmware some 15 ms.
      add({"-M", options.cpus == 1 ? "microvm,acpi=off,x-option-roms=off,pit=off,pic=off,rtc=off,isa-serial=on"
                                   : "microvm,x-option-roms=off,pit=off,pic=off,rtc=off,isa-serial=on"});
      break;
    case Machine::q35: add({"-M", "q35,hpet=off"}); break;
    case Machine::virt: add({"-M", "virt"}); break;
  }
  const char* default_cpu = options.machine == Machine::virt ? "rv64" : "max";
  add({"-cpu", options.cpu.empty() ? default_cpu : options.cpu.c_str()});
  add({"-accel", options.accelerator == Accelerator::kvm ? "kvm" : "tcg", "-nodefaults", "-no-user-config", "-display",
       "none"});
  if (options.command != Command::boot) add({"-no-reboot"});  // the console has a command for it
  arguments.insert(arguments.end(), {"-m", decimal(options.memory_bytes >> 10) + "k", "-smp", decimal(options.cpus),
                                     "-kernel", kernel_path(options), "-append", kernel_command_line(options)});
  if (options.machine != Machine::virt) add({"-device", "isa-debug-exit"});
  if (options.machine != Machine::q35) add({"-global", "virtio-mmio.force-legacy=false"});
  add({"-device", options.machine == Machine::q35 ? "virtio-rng-pci,disable-legacy=on" : "virtio-rng-device"});
  return arguments;
}

constexpr std::string_view kPorts[] = {port_name::kStdin, port_name::kStdout, port_name::kStderr, port_name::kControl};

std::vector<std::string> program_arguments(const Options& options, int bundle, const SocketPair (&sockets)[5]) {
  std::vector<std::string> arguments = base_arguments(options);
  const auto add = [&](std::string name, std::string value) {
    arguments.push_back(std::move(name));
    arguments.push_back(std::move(value));
  };
  add("-initrd", "/proc/self/fd/" + decimal(bundle));
  add("-device", options.machine == Machine::q35 ? "virtio-serial-pci,disable-legacy=on,max_ports=5"
                                                 : "virtio-serial-device,max_ports=5");
  for (int port = 0; port < 5; ++port) {
    add("-chardev", "socket,id=c" + decimal(port) + ",fd=" + decimal(sockets[port].theirs.get()));
    if (port == 4) {
      add("-serial", "chardev:c4");
    } else {
      add("-device", "virtserialport,chardev=c" + decimal(port) + ",name=" + std::string(kPorts[port]));
    }
  }
  return arguments;
}

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

// Returns the reason why the kernel refused this machine; nothing when it did not.
std::optional<std::string> refusal(std::string_view log) {
  size_t start = log.rfind(kBelowFloor);
  if (start == std::string_view::npos) start = log.rfind(kTooLittleMemory);
  if (start == std::string_view::npos) return std::nullopt;
  const std::string line = first_line(log.substr(start + std::string_view("cairn: ").size()));
  return line.substr(0, line.find('\r'));
}

}  // namespace

std::string kernel_path(const Options& options) {
  const bool tests = options.command == Command::wast || options.command == Command::try_modules;
  return build_directory() + (options.target == Target::riscv64 ? "/kernel-riscv64/" : "/kernel-x86_64/") +
         (tests ? "cairn-kernel-testing" : "cairn-kernel");
}

std::string kernel_symbols_path(const Options& options) {
  const std::string separate = kernel_path(options) + ".debug";
  return access(separate.c_str(), R_OK) == 0 ? separate : kernel_path(options);
}

Result<MachineReport> run_machine(const Options& options, const std::string& bundle, uint64_t patience_nanoseconds) {
  const FileDescriptor file = CAIRN_TRY(file_in_memory("cairn-bundle", bundle));  // QEMU opens it through /proc
  SocketPair sockets[5];
  for (SocketPair& pair : sockets) pair = CAIRN_TRY(SocketPair::create());
  int message_pipe[2];
  if (pipe2(message_pipe, O_CLOEXEC) != 0) return fail(system_error("cannot create a pipe"));
  FileDescriptor messages(message_pipe[0]), messages_end(message_pipe[1]);

  const std::vector<std::string> arguments = program_arguments(options, file.get(), sockets);
  const uint64_t started = monotonic_nanoseconds();
  const pid_t qemu = CAIRN_TRY(start_process(arguments, [&] {
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(messages_end.get(), 1);
    dup2(messages_end.get(), 2);
  }));
  const EndsTogether together(qemu);
  messages_end = FileDescriptor();
  for (SocketPair& pair : sockets) pair.theirs = FileDescriptor();

  MachineReport report;
  PumpPorts ports{.input = std::move(sockets[0].ours),
                  .output = std::move(sockets[1].ours),
                  .error = std::move(sockets[2].ours),
                  .control = std::move(sockets[3].ours),
                  .log = std::move(sockets[4].ours),
                  .messages = std::move(messages)};
  pump(std::move(ports), {qemu, options.verbose, patience_nanoseconds}, report);
  const int status = wait_for(qemu);
  report.qemu_nanoseconds = monotonic_nanoseconds() - started;
  if (!report.exited) {
    if (report.timed_out && report.log.empty()) {
      return fail(Error::of(ErrorKind::unsupported,
                            "the machine's firmware does not run on this CPU: it is silent (--cpu chooses another)"));
    }
    if (auto reason = refusal(report.log)) return fail(Error::of(ErrorKind::unsupported, std::move(*reason)));
    if (report.kvm_failed) {
      return fail(Error::of(ErrorKind::io, "KVM does not run this machine: " + first_line(report.qemu_messages)));
    }
    // QEMU did not start a machine: exec failed, or it rejected its options.
    if (report.log.empty() && WIFEXITED(status) && WEXITSTATUS(status) != 0)
      return fail(Error::of(ErrorKind::io, first_line(report.qemu_messages)));
  }
  return report;
}

Result<int> boot_console(const Options& options, const std::optional<std::string>& bundle) {
  // QEMU writes the console's output to this file, too.
  const FileDescriptor log(memfd_create("cairn-log", 0));
  if (!log.is_open()) return fail(system_error("cannot create a file in memory"));
  std::vector<std::string> arguments = base_arguments(options);
  arguments.insert(arguments.end(),
                   {"-chardev", "stdio,id=console,mux=on,signal=off,logfile=/proc/self/fd/" + decimal(log.get()),
                    "-serial", "chardev:console", "-mon", "console"});
  FileDescriptor file;
  if (bundle) {
    file = CAIRN_TRY(file_in_memory("cairn-bundle", *bundle));  // QEMU opens it through /proc
    arguments.insert(arguments.end(), {"-initrd", "/proc/self/fd/" + decimal(file.get())});
  }
  const pid_t qemu = CAIRN_TRY(start_process(arguments));
  const EndsTogether together(qemu);
  const int status = wait_for(qemu);
  const std::string said = CAIRN_TRY(read_file("/proc/self/fd/" + decimal(log.get())));
  if (said.contains(kPanic)) return exit_status::kPanic;
  if (refusal(said)) return exit_status::kBadModule;
  // QEMU has printed the reason.
  if (said.empty() && WIFEXITED(status) && WEXITSTATUS(status) != 0) return exit_status::kSystem;
  return WIFSIGNALED(status) ? exit_status::kSystem : 0;
}

}  // namespace cairn::cli

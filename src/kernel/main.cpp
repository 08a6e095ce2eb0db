// The path from the first generic instruction to the program: the order in which the kernel starts, and how it ends.
#include <algorithm>
#include <atomic>
#include <optional>

#include "base/boot_protocol.hpp"
#include "kernel/boot/boot_info.hpp"
#include "kernel/boot/options.hpp"
#include "kernel/cpu_features.hpp"
#include "kernel/devices/console.hpp"
#include "kernel/devices/device_signal.hpp"
#include "kernel/entropy/random.hpp"
#include "kernel/fibers/cpus.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/flush_other_cpus.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "kernel/program/records.hpp"
#include "kernel/program/supervisor.hpp"
#include "kernel/program/test_modes.hpp"
#include "kernel/shell/shell.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"

namespace cairn::kernel {
namespace {

constinit const BootInfo* the_boot_info = nullptr;

// Ends the machine by the protocol: first all output is flushed, then the status is sent, then the machine is switched
// off.
[[noreturn]] void finish(int status) {
  console::flush();
  if (const uint64_t bytes = console::dropped_bytes(); bytes != 0)
    log_warning(Subsystem::kernel, "console: ", bytes, " bytes of output were dropped");
  send_record(control_record::kExit, "", static_cast<uint64_t>(status));
  console::flush();
  const DeviceInterrupts interrupts = device_interrupts();
  log_debug(Subsystem::devices, "devices: ", interrupts.handled, " interrupts, ", interrupts.missed, " missed");
  log_info(Subsystem::kernel, "exit status ", status);
  machine::power_off(status);
}

// Ends the machine, and so all programs on it, when plain operator new finds no memory. This is not a bug of the
// kernel's: a module can take many times its size when it is decoded, compiled and loaded. Other fibers that find no
// memory meanwhile wait for the end.
[[noreturn]] void finish_without_memory(size_t size) {
  static constinit std::atomic<const Fiber*> ending{nullptr};
  const Fiber* first = nullptr;
  if (!ending.compare_exchange_strong(first, &current_fiber())) {
    if (first == &current_fiber()) panic("out of memory while the machine ends for lack of memory");
    const std::atomic<uint32_t> never = 0;
    for (;;) (void)park(never, std::nullopt);
  }
  const MemoryStatistics memory = memory_statistics();
  LogLine line;
  line << "cairn: the module needs more memory than the limit of " << (memory.total >> 10)
       << " KiB that this machine has: " << size << " bytes wanted, " << memory.free << " available\n";
  console::write(Port::standard_error, line.text());
  finish(exit_status::kBadModule);
}

[[noreturn]] void run_bundle(std::span<const std::byte> archive) {
  const Result<Bundle> bundle = read_bundle(archive);
  if (!bundle) {
    LogLine line;
    line << "cairn: the boot bundle cannot be read: " << bundle.error().to_string() << "\n";
    console::write(Port::standard_error, line.text());
    log_error(Subsystem::kernel, "the boot bundle: ", bundle.error().to_string());
    finish(exit_status::kSystem);
  }
  end_without_memory(finish_without_memory);
  if (!has_wall_clock()) set_wall_clock(bundle->config.wall_clock_nanoseconds);
  const std::string_view command_line = the_boot_info->command_line;
  if (const auto status = run_tests(*bundle, command_line)) finish(*status);
  if (bundle->config.mode == BootMode::run) finish(run_programs(*bundle));
  if (bundle->config.mode == BootMode::idle) run_shell(&*bundle);
  log_error(Subsystem::kernel,
            "this image of the kernel cannot do what the boot bundle asks for: it is no testing image");
  finish(exit_status::kSystem);
}

// Checks that there is enough memory, before anything is set up that needs memory.
void require_memory(const BootInfo& info) {
  if (info.ram.total_bytes() + kFirmwareMemory >= kMinimumMemory) return;
  LogLine line;
  line << kTooLittleMemory << ": " << (info.ram.total_bytes() >> 10) << " KiB of " << (kMinimumMemory >> 10)
       << " KiB\n";
  write_raw(line.text());
  machine::power_off(exit_status::kBadModule);
}

// Ends the machine with a message about the command line.
[[noreturn]] void refuse_command_line(const BootMistake& mistake) {
  LogLine line;
  line << kWrongCommandLine << ": `" << mistake.word << "`: ";
  switch (mistake.kind) {
    case BootMistake::Kind::wrong_value:
      line << "`" << mistake.option->key << "` takes " << mistake.option->values;
      break;
    case BootMistake::Kind::repeated: line << "`" << mistake.option->key << "` is given twice"; break;
    case BootMistake::Kind::unknown: {
      line << "there is no such option; the options are";
      for (const std::span<const BootOption> options : {boot_options(), test_options()}) {
        for (const BootOption& option : options) line << " " << option.key;
      }
    }
  }
  line << "\n";
  write_raw(line.text());
  machine::power_off(exit_status::kUsage);
}

// Reads the options of the command line that hold for the whole kernel.
void read_command_line(std::string_view command_line) {
  if (const auto mistake = find_mistake(command_line, test_options())) refuse_command_line(*mistake);
  if (const std::string_view levels = boot_option(command_line, kernel_option::kLogLevels); !levels.empty())
    (void)log_levels().set(levels);
  set_short_backtraces(boot_option(command_line, kernel_option::kBacktrace) == "short");
}

// The number of CPUs that the command line asks for; by default, all are used.
uint32_t wanted_cpus(const BootInfo& info) {
  const auto count = parse_number(boot_option(info.command_line, kernel_option::kCpus));
  return static_cast<uint32_t>(std::min<uint64_t>(count.value_or(Cpu::kMaximum), Cpu::kMaximum));
}

}  // namespace

const BootInfo& boot_info() { return *the_boot_info; }

void kernel_main(BootInfo& info) {
  the_boot_info = &info;
  require_memory(info);
  read_command_line(info.command_line);
  initialize_memory(info);
  run_constructors();
  enable_vector_state();
  start_clock(info);
  start_scheduler();
  log_info(Subsystem::kernel, "Cairn, entered by ", info.firmware, ", ", info.ram.total_bytes() >> 20,
           " MiB of memory, command line `", info.command_line, "`");
  start_random();
  machine::start_interrupts(info);
  machine::find_devices(info);
  console::find_ports();
  begin_to_take_flush_requests();
  start_cpus(wanted_cpus(info));
  const MemoryStatistics memory = memory_statistics();
  log_info(Subsystem::kernel, "ready: ", (memory.total - memory.free) >> 10, " KiB in use, ", info.bundle.size >> 10,
           " KiB of bundle");
  if (const auto status = run_tests(info.command_line)) finish(*status);
  if (info.bundle.size == 0) run_shell(nullptr);
  run_bundle({kDirectMap.at(info.bundle.start), info.bundle.size});
}

}  // namespace cairn::kernel

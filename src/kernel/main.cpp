// The path from the first generic instruction to the program: the order in which the kernel starts, and how it ends.
#include <atomic>
#include <charconv>
#include <optional>

#include "base/boot_protocol.hpp"
#include "kernel/boot/boot_info.hpp"
#include "kernel/cpu_features.hpp"
#include "kernel/devices/console.hpp"
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
    log_warning("console: ", bytes, " bytes of output were dropped");
  send_record(control_record::kExit, "", static_cast<uint64_t>(status));
  console::flush();
  log_info("exit status ", status);
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
    log_error("the boot bundle: ", bundle.error().to_string());
    finish(exit_status::kSystem);
  }
  end_without_memory(finish_without_memory);
  if (!has_wall_clock()) set_wall_clock(bundle->config.wall_clock_nanoseconds);
  const std::string_view command_line = the_boot_info->command_line;
  if (const auto status = run_tests(*bundle, command_line)) finish(*status);
  if (bundle->config.mode == BootMode::run) finish(run_programs(*bundle));
  if (bundle->config.mode == BootMode::idle) run_shell(&*bundle);
  log_error("this image of the kernel cannot do what the boot bundle asks for: it is no testing image");
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

// The number of CPUs that the command line asks for; by default, all are used.
uint32_t wanted_cpus(const BootInfo& info) {
  const std::string_view text = boot_option(info.command_line, kernel_option::kCpus);
  uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc{} && end == text.data() + text.size() && count != 0 ? count : Cpu::kMaximum;
}

}  // namespace

const BootInfo& boot_info() { return *the_boot_info; }

void kernel_main(BootInfo& info) {
  the_boot_info = &info;
  require_memory(info);
  LogLevel level = LogLevel::info;
  if (parse_log_level(boot_option(info.command_line, kernel_option::kLogLevel), level)) set_log_level(level);
  initialize_memory(info);
  run_constructors();
  enable_vector_state();
  start_clock(info);
  start_scheduler();
  log_info("Cairn, entered by ", info.firmware, ", ", info.ram.total_bytes() >> 20, " MiB of memory, command line `",
           info.command_line, "`");
  start_random();
  machine::find_devices(info);
  console::find_ports();
  begin_to_take_flush_requests();
  start_cpus(wanted_cpus(info));
  const MemoryStatistics memory = memory_statistics();
  log_info("ready: ", (memory.total - memory.free) >> 10, " KiB in use, ", info.bundle.size >> 10, " KiB of bundle");
  if (const auto status = run_tests(info.command_line)) finish(*status);
  if (info.bundle.size == 0) run_shell(nullptr);
  run_bundle({kDirectMap.at(info.bundle.start), info.bundle.size});
}

}  // namespace cairn::kernel

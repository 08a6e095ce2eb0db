// From the first generic instruction to the program: the order in which the kernel comes up.
#include "base/boot_protocol.hpp"
#include "kernel/boot/boot_info.hpp"
#include "kernel/cpu_features.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/time/clock.hpp"

namespace cairn::kernel {
namespace {
constinit const BootInfo* the_boot_info = nullptr;
}

const BootInfo& boot_info() { return *the_boot_info; }

void kernel_main(BootInfo& info) {
  the_boot_info = &info;
  LogLevel level = LogLevel::info;
  if (parse_log_level(boot_option(info.command_line, kernel_option::kLogLevel), level)) set_log_level(level);
  initialize_memory(info);
  run_constructors();
  enable_vector_state();
  start_clock(info);
  log_info("Cairn, entered by ", info.firmware, ", ", info.ram.total_bytes() >> 20, " MiB of memory, command line `",
           info.command_line, "`");
  const MemoryStatistics memory = memory_statistics();
  log_info("memory: ", memory.free >> 10, " KiB of ", memory.total >> 10, " free");
  machine::find_devices(info);
  machine::power_off(0);
}

}  // namespace cairn::kernel

// The machine's implementation of WASI's system interface: clocks, entropy, sleep, and the console's ports as files.
#pragma once

#include <memory>

#include "kernel/devices/console.hpp"
#include "wasi/interface/file.hpp"

namespace cairn::kernel {

class Fiber;

// The clocks of CPU time are those of the calling fiber. For the fiber that makes the object, they begin at 0 then; for
// others, when the fiber starts. The fibers that it starts get the weight of the one that starts them, and have its
// share of the CPUs together with it.
class KernelSystem final : public wasi::System {
 public:
  KernelSystem();
  uint64_t now(wasi::ClockId clock) override;
  uint64_t resolution(wasi::ClockId clock) override;
  wasi::Errno fill_random(std::span<std::byte> bytes) override;
  void sleep_until(uint64_t monotonic_nanoseconds) override;
  void yield() override;
  std::unique_ptr<wasi::Thread> start_thread(wasi::ThreadBody& body) override;
  wasi::CpuClock cpu_clock() override;
  uint64_t cpu_time(wasi::CpuClock clock) override;

 private:
  const Fiber& maker_;
  uint64_t cpu_time_before_;  // of the maker
};

enum class IsTerminal : uint8_t { no, yes };
// Makes the file through which a program uses a port; returns null if there is no memory. `name` marks each line that
// the program writes; lines are not marked if it is empty. The name must outlive the file.
std::unique_ptr<wasi::File> make_port_file(Port port, IsTerminal terminal, std::string_view name = {});
wasi::FileType file_type_of(IsTerminal terminal);

}  // namespace cairn::kernel

// The machine's implementation of WASI's system interface: clocks, entropy, sleep, and the console's ports as files.
#pragma once

#include <memory>

#include "kernel/devices/console.hpp"
#include "wasi/interface/file.hpp"

namespace cairn::kernel {

class KernelSystem final : public wasi::System {
 public:
  uint64_t now(wasi::ClockId clock) override;
  uint64_t resolution(wasi::ClockId clock) override;
  wasi::Errno fill_random(std::span<std::byte> bytes) override;
  void sleep_until(uint64_t monotonic_nanoseconds) override;
  void yield() override;
};

enum class IsTerminal : uint8_t { no, yes };
// Return null if there is no memory. A port as a program's file: `name` marks each line that the program writes; empty:
// nothing does. The name must outlive the file.
std::unique_ptr<wasi::File> make_port_file(Port port, IsTerminal terminal, std::string_view name = {});
wasi::FileType file_type_of(IsTerminal terminal);

}  // namespace cairn::kernel

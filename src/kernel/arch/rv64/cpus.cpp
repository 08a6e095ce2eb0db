// Sends interrupts to other harts through the firmware, and starts other harts.
#include <algorithm>
#include <array>

#include "base/format.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/trap/cpu.hpp"
#include "port/cpu.hpp"
#include "port/layout.hpp"

namespace cairn::kernel::machine {
namespace {

constexpr size_t kEntries = kPageSize / sizeof(uint64_t);
alignas(kPageSize) constinit std::array<uint64_t, kEntries> start_root{};  // the root table for the start of a hart

// Interrupts one hart: the mask of harts is 1, and its bit 0 stands for `hart`.
SbiResult interrupt(uint64_t hart) {
  constexpr uint64_t kInterrupts = 0x735049, kSend = 0;  // "sPI" [sbi 7]
  return sbi_call(kInterrupts, kSend, 1, hart);
}

}  // namespace

void accept_interrupts() { CAIRN_CSR_SET(sie, 1 << 1); }  // software interrupts (SSIE) [riscv-priv 10.1.3]

void send_interrupt(const Cpu& cpu) { interrupt(cpu.hardware_id); }

void send_unmaskable_interrupt(const Cpu&) {}

// The root table maps the kernel's half only, so the physical address of the code that turns translation on is not
// mapped. The next instruction there faults, and the trap vector leads to the high address (entry.S).
Result<uint64_t> make_start_tables() {
  const uint64_t* const kernel = kDirectMap.at<uint64_t>(active_page_table().address);
  std::copy(kernel + kEntries / 2, kernel + kEntries, start_root.begin() + kEntries / 2);
  const uint64_t root = reinterpret_cast<uint64_t>(start_root.data()) - layout::kImage;
  constexpr uint64_t kFrame = (uint64_t{1} << 44) - 1;  // satp's field PPN, the page number of the root table
  return (CAIRN_CSR_READ(satp) & ~kFrame) | root >> kPageBits;
}

// The hart waits in entry.S. A hart that the firmware has not started yet ignores the interrupt.
Result<void> wake_cpu(const Cpu& cpu) {
  const SbiResult sent = interrupt(cpu.hardware_id);
  if (sent.error == 0) return {};
  return fail(Error::of(ErrorKind::io, "the firmware cannot interrupt it: SBI's error " + decimal(sent.error)));
}

}  // namespace cairn::kernel::machine

// Flushes translations and activates page tables on RISC-V.
#include "port/paging.hpp"

#include "base/boot_protocol.hpp"
#include "kernel/boot/options.hpp"
#include "kernel/firmware/boot_tree.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "port/cpu.hpp"
#include "port/layout.hpp"

namespace cairn::kernel {

void Tlb::flush(VirtAddr page) { asm volatile("sfence.vma %0, zero" : : "r"(page.value) : "memory"); }
// With an address, the fence orders leaf entries only [riscv-priv 10.2.1].
void Tlb::flush_tables(VirtAddr) { flush_all(); }
void Tlb::flush_all() { asm volatile("sfence.vma" : : : "memory"); }
void Tlb::synchronize_code() { machine::synchronize_code(); }

namespace machine {

namespace {

// The modes of satp [riscv-priv 10.1.11]: Sv39 with three levels of tables is 8, Sv48 is 9, Sv57 is 10.
constexpr uint64_t kThreeLevels = 8;
constexpr unsigned kModeShift = 60;

}  // namespace

unsigned page_table_levels(const BootInfo& info) {
  const std::string_view wanted = boot_option(info.command_line, kernel_option::kPaging);
  if (wanted == "sv39") return 3;
  if (wanted == "sv57") return 5;
  const auto tree = boot_tree(info);
  const auto cpus = tree ? tree->root()->child("cpus") : std::nullopt;
  const auto cpu = cpus ? cpus->child("cpu") : std::nullopt;
  const std::string_view type = cpu ? cpu->text("mmu-type") : "";
  // Sv57 has more addresses than programs need, and a longer way to each page, so it is used only on request.
  return type == "riscv,sv48" || type == "riscv,sv57" ? 4 : 3;
}

uint64_t early_memory_end() { return layout::kDirectMapSize; }
unsigned largest_page_level() { return 2; }
VirtAddr guest_addresses_end(unsigned levels) { return {uint64_t{1} << (kPageBits + 9 * levels - 1)}; }

void activate_page_table(PhysAddr root, unsigned levels) {
  const uint64_t mode = kThreeLevels + levels - 3;
  CAIRN_CSR_WRITE(satp, mode << kModeShift | root.value >> kPageBits);
  // A mode that the CPU lacks leaves satp as it was.
  if (CAIRN_CSR_READ(satp) >> kModeShift != mode) {
    LogLine line;
    line << kBelowFloor << ": it lacks Sv" << (levels * 9 + kPageBits) << "\n";
    write_raw(line.text());
    power_off(exit_status::kBadModule);
  }
  asm volatile("sfence.vma" : : : "memory");
  // No page is accessible to user mode. Clearing SUM keeps the kernel from accessing such a page if one should exist by
  // mistake. Clearing MXR means that execute-only code cannot be read as data.
  constexpr uint64_t kSum = uint64_t{1} << 18, kMxr = uint64_t{1} << 19;
  CAIRN_CSR_CLEAR(sstatus, kSum | kMxr);
}

PageTableRoot active_page_table() {
  const uint64_t satp = CAIRN_CSR_READ(satp);
  return {{(satp & ((uint64_t{1} << 44) - 1)) << kPageBits},
          static_cast<unsigned>((satp >> kModeShift) - kThreeLevels + 3)};
}

}  // namespace machine
}  // namespace cairn::kernel

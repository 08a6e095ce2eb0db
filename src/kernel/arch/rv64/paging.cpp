#include "port/paging.hpp"

#include "base/boot_protocol.hpp"
#include "port/boot_tree.hpp"
#include "port/cpu.hpp"
#include "port/layout.hpp"

namespace cairn::kernel {

void Tlb::flush(VirtAddr virt) { asm volatile("sfence.vma %0, zero" : : "r"(virt.value) : "memory"); }
// With an address, the fence orders leaf entries only [riscv-priv 10.2.1].
void Tlb::flush_tables(VirtAddr) { asm volatile("sfence.vma" : : : "memory"); }

namespace machine {

unsigned page_table_levels(const BootInfo& info) {
  const std::string_view wanted = boot_option(info.command_line, kernel_option::kPaging);
  if (wanted == "sv39") return 3;
  const auto tree = boot_tree(info);
  const auto cpus = tree ? tree->root()->child("cpus") : std::nullopt;
  const auto cpu = cpus ? cpus->child("cpu") : std::nullopt;
  const std::string_view type = cpu ? cpu->text("mmu-type") : "";
  return type == "riscv,sv48" || type == "riscv,sv57" ? 4 : 3;
}

uint64_t early_memory_end() { return layout::kDirectMapSize; }
unsigned largest_page_level() { return 2; }
VirtAddr guest_addresses_end(unsigned levels) { return {uint64_t{1} << (kPageBits + 9 * levels - 1)}; }

void activate_page_table(PhysAddr root, unsigned levels) {
  const uint64_t mode = levels == 4 ? 9 : 8;  // Sv48, Sv39 [riscv-priv 10.1.11]
  CAIRN_CSR_WRITE(satp, mode << 60 | root.value >> kPageBits);
  asm volatile("sfence.vma" : : : "memory");
  CAIRN_CSR_CLEAR(sstatus, uint64_t{1} << 18);  // SUM: no access to user pages
}

}  // namespace machine
}  // namespace cairn::kernel

// Flushes translations and activates page tables on x86-64.
#include "port/paging.hpp"

#include "port/cpu.hpp"

namespace cairn::kernel {
namespace {

constexpr uint64_t kGlobalPages = 1 << 7;  // in CR4

}  // namespace

void Tlb::flush(VirtAddr page) { asm volatile("invlpg (%0)" : : "r"(page.value) : "memory"); }
// invlpg also flushes all cached entries of upper tables, whatever the address [sdm 3A 4.10.4.1].
void Tlb::flush_tables(VirtAddr page) { flush(page); }
void Tlb::flush_all() {
  // Changing this bit of CR4 flushes everything. Writing CR3 would not flush global pages [sdm 3A 4.10.4.1].
  if (const uint64_t cr4 = read_cr4(); (cr4 & kGlobalPages) != 0) {
    write_cr4(cr4 & ~kGlobalPages);
    write_cr4(cr4);
  } else {
    asm volatile("movq %0, %%cr3" : : "r"(machine::active_page_table().address.value) : "memory");
  }
}
// Nothing needs to be done. A CPU sees stores to code that it has not fetched yet. Before new code appears at an
// address, the pages there have lost a right, so every other CPU has flushed them. The instructions that flush are
// serializing, so the CPU has discarded what it had fetched before [sdm 3A 9.1.3].
void Tlb::synchronize_code() {}

namespace machine {

unsigned page_table_levels(const BootInfo&) { return 4; }
uint64_t early_memory_end() { return uint64_t{4} << 30; }
unsigned largest_page_level() { return (cpuid(0x8000'0001).edx >> 26 & 1) != 0 ? 2 : 1; }
VirtAddr guest_addresses_end(unsigned) { return {uint64_t{1} << 47}; }

void activate_page_table(PhysAddr root, unsigned) {
  asm volatile("movq %0, %%cr3" : : "r"(root.value) : "memory");
  // No page is accessible to user mode. SMEP and SMAP protect the kernel if a page should become accessible by mistake.
  constexpr uint64_t kUmip = 1 << 11, kSmep = 1 << 20, kSmap = 1 << 21;
  uint64_t bits = 0;
  if ((cpuid(1).edx >> 13 & 1) != 0) bits |= kGlobalPages;  // setting the bit also flushes global entries
  if (cpuid(0).eax >= 7) {
    const CpuidResult features = cpuid(7);
    if ((features.ebx >> 7 & 1) != 0) bits |= kSmep;
    if ((features.ebx >> 20 & 1) != 0) bits |= kSmap;
    if ((features.ecx >> 2 & 1) != 0) bits |= kUmip;
  }
  write_cr4(read_cr4() | bits);
}

PageTableRoot active_page_table() {
  uint64_t root;
  asm volatile("movq %%cr3, %0" : "=r"(root));
  return {{root & X64PageFormat::kAddress}, 4};
}

}  // namespace machine
}  // namespace cairn::kernel

// The kernel's page tables on this machine: their format, how translations are flushed, and how tables are activated.
#pragma once

#include "kernel/memory/flush_other_cpus.hpp"
#include "kernel/memory/flush_request.hpp"
#include "kernel/memory/formats/rv64.hpp"

namespace cairn::kernel {

struct BootInfo;

using PageFormat = Rv64PageFormat;

// How CPUs forget translations (TranslationCache).
struct Tlb {
  // Until a CPU executes a fence, it may remember that an entry was not valid [riscv-priv 10.2.1].
  static constexpr bool kRemembersAbsence = true;
  static void flush(VirtAddr page);
  static void flush_tables(VirtAddr page);
  static void flush_all();
  static void synchronize_code();
  static void synchronize(const FlushRequest& request) { flush_other_cpus(request); }
};
static_assert(TranslationCache<Tlb>);

namespace machine {
// The number of table levels to use, and the level of the largest page.
unsigned page_table_levels(const BootInfo& info);
unsigned largest_page_level();
// The end of the part of RAM that the first page tables map.
uint64_t early_memory_end();
// Makes this CPU use the page tables with this root. Their access rights hold for the kernel, too.
void activate_page_table(PhysAddr root, unsigned levels);
// The page tables that this CPU uses now.
PageTableRoot active_page_table();
// The end of the lower half of the address space.
VirtAddr guest_addresses_end(unsigned levels);
}  // namespace machine

}  // namespace cairn::kernel

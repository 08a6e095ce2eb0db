// The kernel's page tables on this machine: their format, how translations are flushed, and how tables are activated.
#pragma once

#include "kernel/memory/flush_other_cpus.hpp"
#include "kernel/memory/flush_request.hpp"
#include "kernel/memory/formats/rv64.hpp"

namespace cairn::kernel {

struct BootInfo;

using PageFormat = Rv64PageFormat;

// How CPUs forget translations; the concept TranslationCache in memory/flush_request.hpp describes the functions.
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
// The number of table levels to use: 3, 4 or 5.
unsigned page_table_levels(const BootInfo& info);
// The level of the largest pages that the CPU supports: 0 for 4 KiB, 1 for 2 MiB, 2 for 1 GiB.
unsigned largest_page_level();
// The physical address at which the part of memory ends that the first page tables (entry.S) map.
uint64_t early_memory_end();
// Makes this CPU use the page tables with this root. Their access rights hold for the kernel, too.
void activate_page_table(PhysAddr root, unsigned levels);
// The page tables that this CPU uses now.
PageTableRoot active_page_table();
// The end of the lower half of the address space, which belongs to guests.
VirtAddr guest_addresses_end(unsigned levels);
}  // namespace machine

}  // namespace cairn::kernel

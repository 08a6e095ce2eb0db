// The kernel's page tables on this machine: their format, how translations are flushed, and how tables are activated.
#pragma once

#include "kernel/memory/formats/rv64.hpp"

namespace cairn::kernel {

struct BootInfo;

using PageFormat = Rv64PageFormat;

// Flushes translations on this CPU: flush of one page, flush_tables of all pages below a table that was removed.
struct Tlb {
  static void flush(VirtAddr virt);
  static void flush_tables(VirtAddr virt);
};

namespace machine {
// The number of table levels to use, and the level of the largest page.
unsigned page_table_levels(const BootInfo& info);
unsigned largest_page_level();
// The end of the part of RAM that the first page tables map.
uint64_t early_memory_end();
// Switches to these tables, whose access rights hold for the kernel, too.
void activate_page_table(PhysAddr root, unsigned levels);
// The page tables that the CPU uses now.
PageTableRoot active_page_table();
// The end of the lower half of the address space.
VirtAddr guest_addresses_end(unsigned levels);
}  // namespace machine

}  // namespace cairn::kernel

// This machine's page tables.
#pragma once

#include "kernel/memory/formats/rv64.hpp"

namespace cairn::kernel {

struct BootInfo;

using PageFormat = Rv64PageFormat;

// Forgets translations on this CPU: of one page, and of everything whose table has gone.
struct Tlb {
  static void flush(VirtAddr virt);
  static void flush_tables(VirtAddr virt);
};

namespace machine {
// Levels of tables to use, and the largest page as a level.
unsigned page_table_levels(const BootInfo& info);
unsigned largest_page_level();
// Where the part of RAM ends that the first page tables map.
uint64_t early_memory_end();
// Switches to these tables, with the rights that they give (also to the kernel itself).
void activate_page_table(PhysAddr root, unsigned levels);
// Those that the CPU uses.
PageTableRoot active_page_table();
// The end of the lower half.
VirtAddr guest_addresses_end(unsigned levels);
}  // namespace machine

}  // namespace cairn::kernel

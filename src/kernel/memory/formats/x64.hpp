// The format of x86-64's page table entries [sdm 3A 4.5]. It needs no privileged instruction, so it is tested on the
// host too.
#pragma once

#include "kernel/memory/page_table.hpp"

namespace cairn::kernel {

struct X64PageFormat {
  static constexpr uint64_t kPresent = 1 << 0, kWrite = 1 << 1, kUser = 1 << 2, kWriteThrough = 1 << 3,
                            kCacheDisable = 1 << 4;
  static constexpr uint64_t kAccessed = 1 << 5, kDirty = 1 << 6, kLarge = 1 << 7, kGlobal = 1 << 8;
  static constexpr uint64_t kOwned = uint64_t{1} << 9;  // a bit that the MMU ignores
  static constexpr uint64_t kNoExecute = uint64_t{1} << 63;
  static constexpr uint64_t kAddress = 0x000f'ffff'ffff'f000;

  static bool is_present(uint64_t entry) { return (entry & kPresent) != 0; }
  static bool is_leaf(uint64_t entry, unsigned level) { return level == 0 || (entry & kLarge) != 0; }
  static uint64_t leaf(PhysAddr address, Access access, unsigned level) {
    // Accessed and dirty are set from the start: nothing reads them, and so the MMU need not write them.
    return address.value | kPresent | kAccessed | kDirty | kGlobal | (access.write ? kWrite : 0) |
           (access.execute ? 0 : kNoExecute) | (access.device ? kCacheDisable | kWriteThrough : 0) |
           (access.owned ? kOwned : 0) | (level != 0 ? kLarge : 0);
  }
  static uint64_t table(PhysAddr address) { return address.value | kPresent | kWrite | kAccessed; }
  static PhysAddr address(uint64_t entry, unsigned level) {
    const uint64_t low = is_leaf(entry, level) ? page_size_at(level) - 1 : kPageSize - 1;
    return {entry & kAddress & ~low};
  }
  static bool is_user(uint64_t entry) { return (entry & kUser) != 0; }
  static Access access(uint64_t entry) {
    return {(entry & kWrite) != 0, (entry & kNoExecute) == 0, (entry & kCacheDisable) != 0, (entry & kOwned) != 0};
  }
};
static_assert(PageTableFormat<X64PageFormat>);

}  // namespace cairn::kernel

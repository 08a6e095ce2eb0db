// The format of RISC-V's page table entries, which is the same for Sv39, Sv48 and Sv57 [riscv-priv 10.4]. It needs no
// privileged instruction, so it is tested on the host too.
#pragma once

#include "kernel/memory/page_table.hpp"

namespace cairn::kernel {

struct Rv64PageFormat {
  static constexpr uint64_t kValid = 1 << 0, kRead = 1 << 1, kWrite = 1 << 2, kExecute = 1 << 3, kUser = 1 << 4;
  static constexpr uint64_t kGlobal = 1 << 5, kAccessed = 1 << 6, kDirty = 1 << 7;
  // Two bits that the MMU ignores. Registers of devices need no bit for the MMU, because the platform determines which
  // addresses are cached.
  static constexpr uint64_t kOwned = 1 << 8, kDevice = 1 << 9;
  static constexpr uint64_t kNumber = 0x003f'ffff'ffff'fc00;  // the frame number: the address divided by 4096

  static bool is_present(uint64_t entry) { return (entry & kValid) != 0; }
  static bool is_leaf(uint64_t entry, unsigned) { return (entry & (kRead | kWrite | kExecute)) != 0; }
  static uint64_t leaf(PhysAddr address, Access access, unsigned) {
    return address.value >> 2 | kValid | kRead | kGlobal | kAccessed | kDirty | (access.write ? kWrite : 0) |
           (access.execute ? kExecute : 0) | (access.device ? kDevice : 0) | (access.owned ? kOwned : 0);
  }
  static uint64_t table(PhysAddr address) { return address.value >> 2 | kValid; }
  static PhysAddr address(uint64_t entry, unsigned) { return {(entry & kNumber) << 2}; }
  static bool is_user(uint64_t entry) { return (entry & kUser) != 0; }
  static Access access(uint64_t entry) {
    return {(entry & kWrite) != 0, (entry & kExecute) != 0, (entry & kDevice) != 0, (entry & kOwned) != 0};
  }
};
static_assert(PageTableFormat<Rv64PageFormat>);

}  // namespace cairn::kernel

// The layout of the kernel's address space, which is the same for Sv39, Sv48 and Sv57. The lower half belongs to
// guests.
#pragma once

#include <cstdint>

namespace cairn::kernel::layout {

// The direct map: all RAM at this offset. RAM above the map's size is not used.
inline constexpr uint64_t kDirectMap = 0xffff'ffc0'0000'0000;
inline constexpr uint64_t kDirectMapSize = uint64_t{128} << 30;
// Regions that the kernel makes for itself: stacks, device registers, large allocations.
inline constexpr uint64_t kKernelRegions = 0xffff'ffe0'0000'0000;
inline constexpr uint64_t kKernelRegionsEnd = 0xffff'fff0'0000'0000;
// The kernel's image lies at this address plus its physical address.
inline constexpr uint64_t kImage = 0xffff'ffff'0000'0000;

}  // namespace cairn::kernel::layout

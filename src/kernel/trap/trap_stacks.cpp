#include "kernel/trap/trap_stacks.hpp"

#include <utility>

#include "kernel/memory/memory.hpp"

namespace cairn::kernel {

Result<TrapStacks> TrapStacks::create(size_t count) {
  const auto start = in_address_space([&](KernelAddressSpace& space) -> SpaceResult<VirtAddr> {
    const VirtAddr reserved =
        CAIRN_TRY(space.reserve({layout::kKernelRegions}, {layout::kKernelRegionsEnd}, count * kStride,
                                KernelAddressSpace::kGroup, {.use = Use::stacks}));
    for (size_t i = 0; i < count; ++i) {
      const VirtAddr stack = reserved + i * kStride + kPageSize;
      if (auto done = space.commit(stack, kStackSize, {.write = true}); !done) {
        space.release(reserved);
        return std::unexpected(done.error());
      }
      // All pages are filled at once: a fault on this stack could not be handled, because the handler runs on it.
      space.fill(stack, kStackSize);
    }
    return reserved;
  });
  if (!start) return std::unexpected(start.error());
  return TrapStacks(start->as_pointer());
}

TrapStacks::TrapStacks(TrapStacks&& other) noexcept : start_(std::exchange(other.start_, nullptr)) {}

TrapStacks::~TrapStacks() {
  if (start_ == nullptr) return;
  address_space().with([&](KernelAddressSpace& space) { space.release(VirtAddr::of(start_)); });
}

}  // namespace cairn::kernel

#include "kernel/fibers/kernel_stack.hpp"

#include <utility>

#include "kernel/memory/memory.hpp"

namespace cairn::kernel {

Result<KernelStack> KernelStack::create(size_t size) {
  const auto start = in_address_space([=](KernelAddressSpace& space) -> SpaceResult<VirtAddr> {
    const VirtAddr reserved =
        CAIRN_TRY(space.reserve({layout::kKernelRegions}, {layout::kKernelRegionsEnd}, kGuard + size,
                                KernelAddressSpace::kGroup, charge_for(Use::stacks)));
    if (auto done = space.commit(reserved + kGuard, size, {.write = true}); !done) {
      space.release(reserved);
      return std::unexpected(done.error());
    }
    // All pages are filled at once: a fault on this stack could not be handled, because the handler runs on it.
    space.fill(reserved + kGuard, size);
    return reserved + kGuard;
  });
  if (!start) return std::unexpected(start.error());
  return KernelStack({start->as_pointer(), size});
}

KernelStack::KernelStack(KernelStack&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

KernelStack::~KernelStack() {
  if (bytes_.empty()) return;
  release(VirtAddr::of(bytes_.data() - kGuard));
}

}  // namespace cairn::kernel

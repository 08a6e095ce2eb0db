// The place on the kernel's stack to which a trap's frame moves from the stack that the CPU enters traps on.
//
// The entry stack holds one frame, and the next trap would overwrite it. So before the handler takes a lock, turns
// interrupts on or touches memory that may fault, the frame moves to the kernel's stack. If kernel code was
// interrupted, the frame moves to below the interrupted stack pointer. If guest code was interrupted, it moves to below
// the frame of the innermost entry into guest code. So traps nest like calls.
#pragma once

#include <cstdint>
#include <optional>

namespace cairn::kernel {

// The number of bytes of the kernel's stack that must be left for a trap to be handled.
inline constexpr uint64_t kTrapReserve = 16 * 1024;

// Returns the address, 16-byte aligned, for a frame of `size` bytes. Returns nothing when the kernel's stack, from
// `stack_bottom` to `stack_top`, has no room for the frame, or when the interrupted `stack_pointer` belongs neither to
// the kernel's stack nor to a guest. `entry_frame` is the kernel's stack pointer at the innermost entry into guest
// code, or 0 if there is none.
constexpr std::optional<uint64_t> frame_place(uint64_t stack_pointer, uint64_t stack_bottom, uint64_t stack_top,
                                              uint64_t entry_frame, uint64_t size) {
  // Functions of the compiler's runtime library may use the red zone, the bytes below their stack pointer.
  constexpr uint64_t kRedZone = 128;
  constexpr uint64_t kKernelHalf = uint64_t{1} << 63;
  const uint64_t used = stack_pointer < kKernelHalf ? entry_frame : stack_pointer;
  if (used > stack_top || used < stack_bottom || used - stack_bottom < kTrapReserve) return std::nullopt;
  return (used - kRedZone - size) & ~uint64_t{15};
}
// There is no place if a guest's stack pointer was interrupted but no entry into guest code is known.
static_assert(frame_place(0x1000, uint64_t{0xffff} << 48, (uint64_t{0xffff} << 48) + 65536, 0, 448) == std::nullopt);

}  // namespace cairn::kernel

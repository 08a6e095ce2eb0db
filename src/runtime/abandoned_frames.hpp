// Leaving C++ frames without returning from them.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAIRN_ADDRESS_SANITIZER 1
extern "C" void __asan_unpoison_memory_region(const volatile void* address, size_t size);
#endif
#endif

namespace cairn::runtime {

// Called right before control leaves the frames between the caller's and `end` on the guest's stack for good. The address
// sanitizer takes what they have marked out of bounds for marked still; it does so itself on stacks that it knows only.
inline __attribute__((always_inline)) void abandon_frames([[maybe_unused]] uintptr_t end) {
#ifdef CAIRN_ADDRESS_SANITIZER
  constexpr uintptr_t kOwnFrame = 4096;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - kOwnFrame;
  if (begin < end) __asan_unpoison_memory_region(reinterpret_cast<const void*>(begin), end - begin);
#endif
}

}  // namespace cairn::runtime

// Memory whose allocation may fail: for the containers named Try..., and for single objects.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace cairn {

struct NothrowMemory {
  static constexpr size_t kAlignment = 16;  // the alignment of what operator new returns

  // Returns null when there is no memory.
  [[nodiscard]] static void* allocate(size_t bytes) { return ::operator new(bytes, std::nothrow); }
  static void deallocate(void* memory, size_t bytes) { ::operator delete(memory, bytes); }
};

// Makes an object. Returns null when there is no memory for the object itself. The function does not report a lack of
// memory for what the constructor allocates.
template <class T, class... Args>
[[nodiscard]] std::unique_ptr<T> try_make_unique(Args&&... args) {
  static_assert(alignof(T) <= NothrowMemory::kAlignment);
  return std::unique_ptr<T>(new (std::nothrow) T(std::forward<Args>(args)...));
}

}  // namespace cairn

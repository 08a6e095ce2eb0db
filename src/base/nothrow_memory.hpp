// Memory that may be refused: where the containers named Try... get theirs, and objects that may not find room.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace cairn {

struct NothrowMemory {
  static constexpr size_t kAlignment = 16;

  // Null when there is none.
  [[nodiscard]] static void* allocate(size_t bytes) { return ::operator new(bytes, std::nothrow); }
  static void deallocate(void* memory, size_t bytes) { ::operator delete(memory, bytes); }
};

// Null when there is no memory for the object. What its constructor takes beyond that is its own affair.
template <class T, class... Args>
[[nodiscard]] std::unique_ptr<T> try_make_unique(Args&&... args) {
  static_assert(alignof(T) <= NothrowMemory::kAlignment);
  return std::unique_ptr<T>(new (std::nothrow) T(std::forward<Args>(args)...));
}

}  // namespace cairn

// Allocates and counts the memory of a file system: its nodes, names, contents and tables. So a file system never uses
// more memory than its capacity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "base/nothrow_memory.hpp"
#include "wasi/interface/types.hpp"

namespace cairn::wasi {

class Account {
 public:
  explicit Account(uint64_t capacity) : capacity_(capacity) {}
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  // Fails with Errno::nospc when the capacity is used up and with Errno::nomem when the machine has no memory; nothing
  // has changed then.
  WasiResult<void*> allocate(size_t bytes) {
    if (bytes > available()) return std::unexpected(Errno::nospc);
    void* memory = NothrowMemory::allocate(bytes);
    if (memory == nullptr) return std::unexpected(Errno::nomem);
    used_ += bytes;
    return memory;
  }
  // `bytes` is the size that was allocated.
  void release(void* memory, size_t bytes) {
    used_ -= bytes;
    NothrowMemory::deallocate(memory, bytes);
  }

  template <class T, class... Arguments>
  WasiResult<T*> create(Arguments&&... arguments) {
    auto memory = allocate(sizeof(T));
    if (!memory) return std::unexpected(memory.error());
    return new (*memory) T{std::forward<Arguments>(arguments)...};
  }
  template <class T>
  void destroy(T* object) {
    object->~T();
    release(object, sizeof(T));
  }

  [[nodiscard]] uint64_t capacity() const { return capacity_; }
  [[nodiscard]] uint64_t used() const { return used_; }
  [[nodiscard]] uint64_t available() const { return capacity_ - used_; }

 private:
  uint64_t capacity_;
  uint64_t used_ = 0;
};

}  // namespace cairn::wasi

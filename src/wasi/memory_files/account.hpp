// Allocates and counts the memory of a file system: its nodes, names, contents and tables. So a file system never uses
// more memory than its allowance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "base/allowance.hpp"
#include "base/nothrow_memory.hpp"
#include "wasi/interface/types.hpp"

namespace cairn::wasi {

class Account {
 public:
  explicit Account(Allowance& bytes) : bytes_(bytes) {}
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;

  // Fails with Errno::nospc when the allowance is used up and with Errno::nomem when the machine has no memory; nothing
  // has changed then.
  WasiResult<void*> allocate(size_t bytes) {
    if (!bytes_.try_take(bytes)) return std::unexpected(Errno::nospc);
    void* memory = NothrowMemory::allocate(bytes);
    if (memory != nullptr) return memory;
    bytes_.give_back(bytes);
    return std::unexpected(Errno::nomem);
  }
  // `bytes` is the size that was allocated.
  void release(void* memory, size_t bytes) {
    NothrowMemory::deallocate(memory, bytes);
    bytes_.give_back(bytes);
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

  [[nodiscard]] uint64_t used() const { return bytes_.used(); }
  [[nodiscard]] uint64_t available() const { return bytes_.left(); }

 private:
  Allowance& bytes_;
};

}  // namespace cairn::wasi

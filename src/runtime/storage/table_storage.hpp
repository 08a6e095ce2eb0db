// The elements of a table: words that are null to begin with. Only what has been written takes memory, if the table is
// large.
//
// Small tables lie in the heap. Larger ones have address space of their own, whose pages read as null until they are
// touched, and some to grow into; filling or looking through them is left to who has to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace cairn::runtime {

class TableStorage {
 public:
  TableStorage() = default;
  TableStorage(TableStorage&& other) noexcept { swap(other); }
  TableStorage& operator=(TableStorage&& other) noexcept {
    swap(other);
    return *this;
  }
  ~TableStorage();

  // Appends null elements up to `count`, which is not less than there are. They may move. False: there is no memory,
  // and all is as it was.
  [[nodiscard]] bool try_grow(uint64_t count);

  [[nodiscard]] uint64_t* data() const { return reinterpret_cast<uint64_t*>(memory_.data()); }
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] uint64_t* begin() const { return data(); }
  [[nodiscard]] uint64_t* end() const { return data() + size_; }

 private:
  void swap(TableStorage& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(usable_, other.usable_);
    std::swap(size_, other.size_);
    std::swap(is_reserved_, other.is_reserved_);
  }
  bool move_to_heap(uint64_t count);
  bool move_to_reservation(uint64_t count);
  void take(TableStorage fresh);

  std::span<std::byte> memory_;
  uint64_t usable_ = 0;       // bytes of it
  uint64_t size_ = 0;         // elements
  bool is_reserved_ = false;  // by the platform
};

}  // namespace cairn::runtime

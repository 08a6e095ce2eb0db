// TableStorage holds the elements of a table: words of 64 bits, which are null at first. In a large table, only pages
// with elements that have been written take memory.
//
// Small tables are in the C++ heap. Larger tables have address space of their own, with room to grow. Its pages read as
// null until they are written, so no code fills them in advance.
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

  // Appends null elements until there are `count`, which must not be less than the current number. Elements may move.
  // Returns false if there is no memory; then nothing has changed.
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
  // These functions move the elements to new memory for at least `count` elements: in the C++ heap, or with address
  // space of its own. They return false if there is no memory.
  bool move_to_heap(uint64_t count);
  bool move_to_reservation(uint64_t count);
  // Copies the elements to `fresh`, which then replaces the old memory.
  void take(TableStorage fresh);

  std::span<std::byte> memory_;
  uint64_t usable_ = 0;       // bytes of memory_ that may be accessed
  uint64_t size_ = 0;         // number of elements
  bool is_reserved_ = false;  // whether memory_ is a reservation, not a part of the C++ heap
};

}  // namespace cairn::runtime

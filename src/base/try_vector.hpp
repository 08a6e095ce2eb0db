// A growable array that reports when there is no memory, for everything whose size a guest decides (INV-21). Functions
// that may allocate are named try_... and return false, with the array unchanged, if there is no memory.
//
// The array grows by at least half, or only as much as needed if there is no memory for half; try_reserve() and
// try_resize() make exactly the room that was asked for. Elements move when the array grows. An index out of bounds
// ends the program. `Memory` is a parameter for tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "base/nothrow_memory.hpp"

namespace cairn {

template <class T, class Memory = NothrowMemory>
class TryVector {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>);
  static_assert(alignof(T) <= Memory::kAlignment);

 public:
  using value_type = T;

  TryVector() = default;
  TryVector(TryVector&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  TryVector& operator=(TryVector&& other) noexcept {
    TryVector old(std::move(*this));
    swap(other);
    return *this;
  }
  ~TryVector() { reset(); }

  void swap(TryVector& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  // Makes room for `count` elements in total, so that adding elements up to this number cannot fail.
  [[nodiscard]] bool try_reserve(size_t count) { return count <= capacity_ || grow(count, count); }
  // Makes room for `more` further elements, and for some more if the array must grow.
  [[nodiscard]] bool try_reserve_more(size_t more) {
    if (more <= capacity_ - size_) return true;
    return more <= kMaximum - size_ && grow(std::max({size_ + more, size_ + size_ / 2 + 1, kSmallest}), size_ + more);
  }

  [[nodiscard]] bool try_push_back(T value) {
    if (!try_reserve_more(1)) return false;
    push_back_within_capacity(std::move(value));
    return true;
  }
  // Adds an element. try_reserve() or try_reserve_more() must have made room.
  void push_back_within_capacity(T value) {
    check(size_ < capacity_);
    std::construct_at(data_ + size_, std::move(value));
    ++size_;
  }
  // `values` may lie in this array.
  [[nodiscard]] bool try_append(std::span<const T> values) {
    if (values.size() > capacity_ - size_) {
      const bool is_own = values.data() >= data_ && values.data() < data_ + size_;
      const size_t offset = is_own ? static_cast<size_t>(values.data() - data_) : 0;
      if (!try_reserve_more(values.size())) return false;
      if (is_own) values = {data_ + offset, values.size()};
    }
    std::uninitialized_copy_n(values.data(), values.size(), data_ + size_);
    size_ += values.size();
    return true;
  }
  // Inserts before the element at `position`, which is at most size().
  [[nodiscard]] bool try_insert_at(size_t position, T value) {
    check(position <= size_);
    if (!try_push_back(std::move(value))) return false;
    std::rotate(data_ + position, data_ + size_ - 1, data_ + size_);
    return true;
  }

  [[nodiscard]] bool try_resize(size_t count) {
    if (count > size_) {
      if (!try_reserve(count)) return false;
      std::uninitialized_value_construct_n(data_ + size_, count - size_);
      size_ = count;
    }
    truncate(count);
    return true;
  }
  [[nodiscard]] bool try_resize(size_t count, const T& value) {
    if (count > size_) {
      const T copy = value;  // `value` may lie in this array NOLINT(performance-unnecessary-copy-initialization)
      if (!try_reserve(count)) return false;
      std::uninitialized_fill_n(data_ + size_, count - size_, copy);
      size_ = count;
    }
    truncate(count);
    return true;
  }

  void pop_back() {
    check(size_ != 0);
    truncate(size_ - 1);
  }
  // Destroys the elements from `count` on; there may be none.
  void truncate(size_t count) {
    while (size_ > count) std::destroy_at(data_ + --size_);
  }
  void clear() { truncate(0); }
  // Empties the array and frees its memory.
  void reset() {
    clear();
    if (data_ != nullptr) Memory::deallocate(data_, capacity_ * sizeof(T));
    data_ = nullptr;
    capacity_ = 0;
  }
  // Removes an element; each element after it moves to the position before its own.
  void erase_at(size_t position) {
    check(position < size_);
    std::move(data_ + position + 1, data_ + size_, data_ + position);
    pop_back();
  }

  T& operator[](size_t i) { return check(i < size_), data_[i]; }
  const T& operator[](size_t i) const { return check(i < size_), data_[i]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t capacity() const { return capacity_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  std::span<T> as_span() { return {data_, size_}; }
  std::span<const T> as_span() const { return {data_, size_}; }

 private:
  // The largest number of elements.
  static constexpr size_t kMaximum = std::numeric_limits<std::ptrdiff_t>::max() / sizeof(T);
  // An array that must grow in try_reserve_more() gets room for at least this many elements, if there is memory.
  static constexpr size_t kSmallest = sizeof(T) <= 16 ? 64 / sizeof(T) : 4;

  static void check(bool holds) {
    if (!holds) [[unlikely]]
      __builtin_trap();
  }
  // Moves the elements to memory for `wanted` elements, or for `least` if there is not that much.
  bool grow(size_t wanted, size_t least) {
    void* memory = nullptr;
    if (wanted <= kMaximum) memory = Memory::allocate(wanted * sizeof(T));
    if (memory == nullptr) {
      if (wanted == least || least > kMaximum) return false;
      wanted = least;
      memory = Memory::allocate(wanted * sizeof(T));
      if (memory == nullptr) return false;
    }
    T* data = static_cast<T*>(memory);
    if constexpr (std::is_trivially_copyable_v<T>) {
      if (size_ != 0) std::memcpy(static_cast<void*>(data), data_, size_ * sizeof(T));
    } else {
      std::uninitialized_move_n(data_, size_, data);
      std::destroy_n(data_, size_);
    }
    if (data_ != nullptr) Memory::deallocate(data_, capacity_ * sizeof(T));
    data_ = data;
    capacity_ = wanted;
    return true;
  }

  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace cairn

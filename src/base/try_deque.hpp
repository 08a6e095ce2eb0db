// A sequence whose elements are added and removed at the end and never move. It reports when there is no memory.
// Elements lie in chunks of equal size.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "base/try_vector.hpp"

namespace cairn {

template <class T, size_t kChunk = 32, class Memory = NothrowMemory>
class TryDeque {
  static_assert(alignof(T) <= Memory::kAlignment && (kChunk & (kChunk - 1)) == 0);

 public:
  TryDeque() = default;
  TryDeque(const TryDeque&) = delete;
  TryDeque& operator=(const TryDeque&) = delete;
  ~TryDeque() { truncate(0); }

  // Adds an element at the end; returns null, with nothing changed, when there is no memory.
  template <class... Args>
  [[nodiscard]] T* try_emplace_back(Args&&... args) {
    if (size_ == chunks_.size() * kChunk) {
      void* chunk = chunks_.try_reserve_more(1) ? Memory::allocate(kChunk * sizeof(T)) : nullptr;
      if (chunk == nullptr) return nullptr;
      chunks_.push_back_within_capacity(static_cast<T*>(chunk));
    }
    T* element = std::construct_at(place(size_), std::forward<Args>(args)...);
    ++size_;
    return element;
  }
  void pop_back() { truncate(size() - 1); }
  // Destroys the elements from `count` on, the last one first, and frees the chunks that are empty afterwards.
  void truncate(size_t count) {
    while (size_ > count) {
      std::destroy_at(place(size_ - 1));
      --size_;
    }
    while (chunks_.size() > (size_ + kChunk - 1) / kChunk) {
      Memory::deallocate(chunks_.back(), kChunk * sizeof(T));
      chunks_.pop_back();
    }
  }
  void clear() { truncate(0); }

  T& operator[](size_t i) { return *checked(i); }
  const T& operator[](size_t i) const { return *checked(i); }
  T& back() { return *checked(size_ - 1); }
  const T& back() const { return *checked(size_ - 1); }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  template <class Deque, class Element>
  class Iterator {
   public:
    Iterator(Deque* deque, size_t index) : deque_(deque), index_(index) {}
    Element& operator*() const { return (*deque_)[index_]; }
    Element* operator->() const { return &(*deque_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    Deque* deque_;
    size_t index_;
  };
  auto begin() { return Iterator<TryDeque, T>(this, 0); }
  auto end() { return Iterator<TryDeque, T>(this, size_); }
  auto begin() const { return Iterator<const TryDeque, const T>(this, 0); }
  auto end() const { return Iterator<const TryDeque, const T>(this, size_); }

 private:
  [[nodiscard]] T* place(size_t i) const { return chunks_[i / kChunk] + i % kChunk; }
  [[nodiscard]] T* checked(size_t i) const {
    if (i >= size_) [[unlikely]]
      __builtin_trap();
    return place(i);
  }

  TryVector<T*, Memory> chunks_;
  size_t size_ = 0;
};

}  // namespace cairn

// A bump allocator for data that live and die together, such as those of one function's compilation.
//
// Nothing is freed until reset(), which keeps a part of the memory for the next job. An arena has a budget in bytes. An
// allocation beyond it does not fail, because data structures have no way to report that. Instead it sets exhausted().
// Each phase of a compilation polls exhausted() at least once for each basic block and turns it into an Error that
// names the budget. Between two polls a phase may allocate at most a small multiple of the block's size.
//
// Large blocks that were passed to recycle() are used again before fresh memory is. They count as used each time, so
// that the budget bounds the work as well as the memory. Under AddressSanitizer a recycled block cannot be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace cairn {

class Arena {
 public:
  explicit Arena(size_t budget_bytes) : budget_(budget_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Returns uninitialized storage; `alignment` is a power of two, at most 64.
  void* allocate(size_t bytes, size_t alignment);

  // Returns `count` value-initialized objects; their type must not need a destructor.
  template <class T>
  std::span<T> make_span(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* data = static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    std::uninitialized_value_construct_n(data, count);
    return {data, count};
  }

  // Gives back bytes that nothing refers to any more. They must lie in storage that was allocated after the last
  // reset().
  void recycle(void* data, size_t bytes);

  [[nodiscard]] bool exhausted() const { return used_ > budget_; }
  [[nodiscard]] size_t used() const { return used_; }
  [[nodiscard]] size_t budget() const { return budget_; }
  void set_budget(size_t bytes) { budget_ = bytes; }

  // Drops everything allocated; keeps the largest chunk.
  void reset();

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    size_t size = 0;
  };
  // The header of a recycled block.
  struct FreeBlock {
    FreeBlock* next;
    size_t size;
  };
  // Blocks of fewer than 2^kSmallestClass bytes are not recycled. The bound is lower in debug builds, so that they find
  // more uses of recycled memory.
  static constexpr unsigned kSmallestClass = CAIRN_DEBUG ? 6 : 12;
  static constexpr unsigned kClasses = 28;  // number of lists of free blocks

  void* take_recycled(size_t bytes, size_t alignment);

  std::vector<Chunk> chunks_;
  FreeBlock* free_[kClasses] = {};  // list n: blocks of at least 2^(n + kSmallestClass) bytes
  bool has_free_ = false;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  size_t used_ = 0;
  size_t budget_;
};

// What an ArenaVector does with its old storage when it grows.
enum class OldStorage : uint8_t { abandoned, recycled };

// A growable array in an arena, for trivially copyable elements. Elements move when the array grows.
template <class T, OldStorage kOldStorage = OldStorage::abandoned>
class ArenaVector {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit ArenaVector(Arena& arena) : arena_(&arena) {}
  ArenaVector(const ArenaVector&)
    requires(kOldStorage == OldStorage::abandoned)
  = default;
  ArenaVector& operator=(const ArenaVector&)
    requires(kOldStorage == OldStorage::abandoned)
  = default;
  ~ArenaVector()
    requires(kOldStorage == OldStorage::abandoned)
  = default;
  ~ArenaVector() { recycle(); }

  void push_back(const T& value) {
    if (size_ == capacity_) {
      const T copy = value;  // `value` may lie in the storage that is replaced
      grow(size_ + 1);
      std::construct_at(data_ + size_++, copy);
      return;
    }
    std::construct_at(data_ + size_++, value);
  }
  void reserve(size_t count) {
    if (count > capacity_) grow(count);
  }
  void resize(size_t count, const T& value = T()) {
    const T copy = value;
    reserve(count);
    for (size_t i = size_; i < count; ++i) std::construct_at(data_ + i, copy);
    size_ = count;
  }
  void assign(size_t count, const T& value) {
    size_ = 0;
    resize(count, value);
  }
  void pop_back() { --size_; }
  void clear() { size_ = 0; }
  void append(std::span<const T> values) {
    reserve(size_ + values.size());
    for (const T& value : values) push_back(value);
  }

  T& operator[](size_t i) { return check(i), data_[i]; }
  const T& operator[](size_t i) const { return check(i), data_[i]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  std::span<T> as_span() { return {data_, size_}; }
  std::span<const T> as_span() const { return {data_, size_}; }
  [[nodiscard]] Arena& arena() const { return *arena_; }
  // Empties the array and recycles its storage. No span of it may be in use.
  void recycle() {
    arena_->recycle(data_, capacity_ * sizeof(T));
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

 private:
  void check(size_t i) const {
    if (i >= size_) [[unlikely]]
      __builtin_trap();
  }
  void grow(size_t at_least) {
    size_t capacity = capacity_ == 0 ? 8 : capacity_ * 2;
    if (capacity < at_least) capacity = at_least;
    T* data = static_cast<T*>(arena_->allocate(capacity * sizeof(T), alignof(T)));
    for (size_t i = 0; i < size_; ++i) std::construct_at(data + i, data_[i]);
    if constexpr (kOldStorage == OldStorage::recycled) arena_->recycle(data_, capacity_ * sizeof(T));
    data_ = data;
    capacity_ = capacity;
  }

  Arena* arena_;
  T* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// An array that is local to a piece of work. It recycles its storage when it grows into new storage and when it is
// destroyed.
template <class T>
using ScratchVector = ArenaVector<T, OldStorage::recycled>;

}  // namespace cairn

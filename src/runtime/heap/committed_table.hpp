// CommittedTable is an array whose address space is reserved once and whose memory is committed as it grows. The array
// never moves. grow() reports lack of memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/result.hpp"
#include "platform/platform.hpp"

namespace cairn::runtime {

template <class T>
class CommittedTable {
 public:
  // Reserves address space for `capacity` elements. No element is accessible before grow().
  static Result<CommittedTable> create(size_t capacity) {
    return CommittedTable(CAIRN_TRY(platform::Platform::reserve(round(capacity * sizeof(T), kStep))));
  }
  CommittedTable() = default;
  CommittedTable(CommittedTable&& other) noexcept
      : memory_(std::exchange(other.memory_, {})), committed_(std::exchange(other.committed_, 0)) {}
  CommittedTable& operator=(CommittedTable&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(committed_, other.committed_);
    return *this;
  }
  ~CommittedTable() {
    if (!memory_.empty()) platform::Platform::release(memory_);
  }

  // Makes the first `count` elements accessible; new ones are zero. Returns false if `count` is beyond the capacity or
  // there is no memory.
  [[nodiscard]] bool grow(size_t count) {
    const size_t wanted = round(count * sizeof(T), kStep);
    if (wanted <= committed_) return true;
    if (wanted > memory_.size()) return false;
    if (!platform::Platform::commit(memory_.subspan(committed_, wanted - committed_))) return false;
    committed_ = wanted;
    return true;
  }
  // The number of accessible elements.
  [[nodiscard]] size_t size() const { return committed_ / sizeof(T); }
  [[nodiscard]] T* data() const { return reinterpret_cast<T*>(memory_.data()); }
  [[nodiscard]] T& operator[](size_t i) const { return data()[i]; }

 private:
  static constexpr size_t kStep = 4 * platform::Platform::kPageSize;
  static constexpr size_t round(size_t bytes, size_t step) { return (bytes + step - 1) / step * step; }
  explicit CommittedTable(std::span<std::byte> memory) : memory_(memory) {}

  std::span<std::byte> memory_;
  size_t committed_ = 0;  // number of bytes at the start of memory_ that are committed
};

}  // namespace cairn::runtime

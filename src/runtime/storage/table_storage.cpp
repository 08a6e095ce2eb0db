#include "runtime/storage/table_storage.hpp"

#include <algorithm>
#include <new>

#include "platform/platform.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {

constexpr uint64_t kWord = sizeof(uint64_t);
constexpr uint64_t kLargestInHeap = 64 * 1024;  // largest number of bytes of a table in the C++ heap

constexpr uint64_t round_to_pages(uint64_t bytes) {
  return (bytes + Platform::kPageSize - 1) & ~uint64_t{Platform::kPageSize - 1};
}

}  // namespace

TableStorage::~TableStorage() {
  if (is_reserved_) {
    Platform::release(memory_);
  } else {
    ::operator delete(memory_.data());
  }
}

bool TableStorage::try_grow(uint64_t count) {
  const uint64_t bytes = count * kWord;
  if (bytes > usable_) {
    if (is_reserved_ && bytes <= memory_.size()) {
      const uint64_t wanted = round_to_pages(bytes);
      if (!Platform::commit(memory_.subspan(usable_, wanted - usable_))) return false;
      usable_ = wanted;
    } else if (bytes <= kLargestInHeap) {
      if (!move_to_heap(count)) return false;
    } else if (!move_to_reservation(count)) {
      return false;
    }
  }
  size_ = count;
  return true;
}

// Moves the elements to new memory in the C++ heap. A table that grows gets more than it needs, so that it can grow
// again in place.
bool TableStorage::move_to_heap(uint64_t count) {
  uint64_t bytes = size_ == 0 ? count * kWord : std::min(std::max(count, 2 * size_) * kWord, kLargestInHeap);
  void* memory = ::operator new(bytes, std::nothrow);
  if (memory == nullptr) {
    bytes = count * kWord;
    memory = ::operator new(bytes, std::nothrow);
  }
  if (memory == nullptr) return false;
  TableStorage fresh;
  fresh.memory_ = {static_cast<std::byte*>(memory), bytes};
  fresh.usable_ = bytes;
  std::ranges::fill(fresh.memory_, std::byte{0});
  take(std::move(fresh));
  return true;
}

bool TableStorage::move_to_reservation(uint64_t count) {
  const uint64_t least = round_to_pages(count * kWord);
  auto reservation = Platform::reserve(size_ == 0 ? least : std::max(least, round_to_pages(2 * size_ * kWord)));
  if (!reservation) reservation = Platform::reserve(least);
  if (!reservation) return false;
  TableStorage fresh;
  fresh.memory_ = *reservation;
  fresh.is_reserved_ = true;
  if (!Platform::commit(fresh.memory_.first(least))) return false;
  fresh.usable_ = least;
  take(std::move(fresh));
  return true;
}

void TableStorage::take(TableStorage fresh) {
  for (uint64_t i = 0; i < size_; ++i) {
    if (data()[i] != 0) fresh.data()[i] = data()[i];
  }
  fresh.size_ = size_;
  swap(fresh);
}

}  // namespace cairn::runtime

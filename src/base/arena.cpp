#include "base/arena.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.hpp"

#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(data, bytes) static_cast<void>(data)
#define ASAN_UNPOISON_MEMORY_REGION(data, bytes) static_cast<void>(data)
#endif

namespace cairn {

namespace {
constexpr size_t kMinimumChunk = 64 * 1024;
constexpr size_t kMaximumChunk = 8 * 1024 * 1024;
constexpr size_t kMaximumAlignment = 64;
}  // namespace

// Keeps the part of the block that begins and ends at multiples of kMaximumAlignment, so that it can serve requests of
// every alignment. Drops a block whose part is too small for the lists.
void Arena::recycle(void* data, size_t bytes) {
  const auto address = reinterpret_cast<uintptr_t>(data);
  const uintptr_t aligned = (address + kMaximumAlignment - 1) & ~(kMaximumAlignment - 1);
  const uintptr_t end = (address + bytes) & ~(kMaximumAlignment - 1);
  if (end < aligned + (size_t{1} << kSmallestClass)) return;
  const size_t size = end - aligned;
  if constexpr (CAIRN_DEBUG) std::memset(data, 0xa5, bytes);
  const unsigned which =
      std::min<unsigned>(static_cast<unsigned>(std::bit_width(size)) - 1 - kSmallestClass, kClasses - 1);
  free_[which] = std::construct_at(reinterpret_cast<FreeBlock*>(aligned), free_[which], size);
  has_free_ = true;
  ASAN_POISON_MEMORY_REGION(free_[which] + 1, size - sizeof(FreeBlock));
}

// Tries the first block of each list of free blocks, smaller blocks first. Recycles the unused end of the block that it
// takes.
void* Arena::take_recycled(size_t bytes, size_t alignment) {
  CAIRN_DEBUG_ASSERT(alignment <= kMaximumAlignment);
  const unsigned first = std::max(static_cast<unsigned>(std::bit_width(bytes)) - 1, kSmallestClass) - kSmallestClass;
  for (unsigned which = first; which < kClasses; ++which) {
    FreeBlock* block = free_[which];
    if (block == nullptr || block->size < bytes) continue;
    free_[which] = block->next;
    auto* data = reinterpret_cast<std::byte*>(block);
    const size_t rest = block->size - bytes;
    ASAN_UNPOISON_MEMORY_REGION(data, block->size);
    recycle(data + bytes, rest);
    used_ += bytes;
    return data;
  }
  return nullptr;
}

void* Arena::allocate(size_t bytes, size_t alignment) {
  // A request of at most half of the smallest recycled block gets fresh memory.
  if (has_free_ && bytes > (size_t{1} << (kSmallestClass - 1))) {
    if (void* recycled = take_recycled(bytes, alignment)) return recycled;
  }
  auto address = reinterpret_cast<uintptr_t>(next_);
  uintptr_t aligned = (address + alignment - 1) & ~(uintptr_t{alignment} - 1);
  size_t padding = aligned - address;
  if (next_ == nullptr || padding + bytes > static_cast<size_t>(end_ - next_)) {
    size_t last = chunks_.empty() ? 0 : chunks_.back().size;
    size_t size = std::max({kMinimumChunk, std::min(last * 2, kMaximumChunk), bytes + alignment});
    chunks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
    next_ = chunks_.back().bytes.get();
    end_ = next_ + size;
    address = reinterpret_cast<uintptr_t>(next_);
    aligned = (address + alignment - 1) & ~(uintptr_t{alignment} - 1);
    padding = aligned - address;
  }
  std::byte* result = next_ + padding;
  next_ = result + bytes;
  used_ += padding + bytes;
  return result;
}

void Arena::reset() {
  if (chunks_.size() > 1) {
    auto largest = std::ranges::max_element(chunks_, {}, &Chunk::size);
    std::swap(*largest, chunks_.front());
    chunks_.resize(1);
  }
  next_ = chunks_.empty() ? nullptr : chunks_.front().bytes.get();
  end_ = chunks_.empty() ? nullptr : next_ + chunks_.front().size;
  ASAN_UNPOISON_MEMORY_REGION(next_, static_cast<size_t>(end_ - next_));
  used_ = 0;
  std::ranges::fill(free_, nullptr);
  has_free_ = false;
}

}  // namespace cairn

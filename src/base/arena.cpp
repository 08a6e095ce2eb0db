#include "base/arena.hpp"

#include <algorithm>

namespace cairn {

namespace {
constexpr size_t kMinimumChunk = 64 * 1024;
constexpr size_t kMaximumChunk = 8 * 1024 * 1024;
}  // namespace

void* Arena::allocate(size_t bytes, size_t alignment) {
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
  used_ = 0;
}

}  // namespace cairn

#include "runtime/heap/marker.hpp"

namespace cairn::runtime {

void Marker::overflow(abi::HeapReference object) {
  old_.block_of(object).has_gray = true;
  overflow_cursor_ = std::min(overflow_cursor_, object / kBlockBytes * kBlockBytes);
}

bool Marker::make_room(size_t count) {
  if (count > capacity_ || !list_.grow(count)) return false;
  room_ = std::min(capacity_, list_.size());
  return true;
}

void Marker::push_slow(abi::HeapReference object) {
  if (!make_room(count_ + 1)) return overflow(object);
  list_[count_++] = object;
}

void Marker::push_slice(abi::HeapReference array, uint32_t slice) {
  if (!make_room(count_ + 2)) return overflow(array);
  list_[count_++] = array;
  list_[count_++] = slice * 2 + 1;
}

uint64_t Marker::next_overflowed() {
  for (; overflow_cursor_ < old_.end(); overflow_cursor_ += kBlockBytes) {
    Block& block = old_.block_of(static_cast<abi::HeapReference>(overflow_cursor_));
    if (!block.has_gray) continue;
    block.has_gray = false;
    return overflow_cursor_;
  }
  overflow_cursor_ = ~uint64_t{0};
  return 0;
}

void Marker::clear() {
  count_ = 0;
  overflow_cursor_ = ~uint64_t{0};
}

}  // namespace cairn::runtime

#include "runtime/heap/old_space.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/assert.hpp"
#include "platform/platform.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {
constexpr uint64_t kExtendBlocks = 64;  // least number of blocks to commit at once, if there is memory for them
// The search for holes skips blocks with fewer free lines than this.
constexpr int kFewestFreeLines = 4;
}  // namespace

OldSpace::OldSpace(std::span<std::byte> reservation, uint64_t begin, CommittedTable<Block> blocks, MarkBits marks,
                   CardBits cards)
    : hole_block_(begin / kBlockBytes),
      free_cursor_(hole_block_),
      large_cursor_(hole_block_),
      first_(hole_block_),
      frontier_(hole_block_),
      end_(reservation.size() / kBlockBytes),
      reservation_(reservation),
      blocks_(std::move(blocks)),
      marks_(std::move(marks)),
      cards_(std::move(cards)) {}

bool OldSpace::extend(uint64_t count) {
  if (count > end_ - frontier_) return false;
  uint64_t wanted = std::min(std::max(count, kExtendBlocks), end_ - frontier_);
  const uint64_t end = (frontier_ + wanted) * kBlockBytes;
  if (!blocks_.grow(frontier_ + wanted) || !marks_.grow(end) || !cards_.grow(end)) return false;
  if (!Platform::commit(memory_of(frontier_, wanted))) {
    if (wanted == count || !Platform::commit(memory_of(frontier_, count))) return false;
    wanted = count;
  }
  for (uint64_t i = 0; i < wanted; ++i) blocks_[frontier_ + i] = {};
  frontier_ += wanted;
  free_ += wanted;
  return true;
}

bool OldSpace::recommit(uint64_t first, uint64_t count) {
  for (uint64_t at = first; at < first + count;) {
    if (blocks_[at].state != BlockState::released) {
      ++at;
      continue;
    }
    uint64_t end = at;
    while (end < first + count && blocks_[end].state == BlockState::released) ++end;
    if (!Platform::commit(memory_of(at, end - at))) return false;
    for (; at < end; ++at) {
      blocks_[at].state = BlockState::free;
      ++free_;
      --released_;
      free_cursor_ = std::min(free_cursor_, at);
    }
  }
  return true;
}

bool OldSpace::reserve(uint64_t count) {
  for (uint64_t at = first_; free_ < count && released_ != 0 && at < frontier_; ++at) {
    if (blocks_[at].state != BlockState::released) continue;
    const uint64_t run = std::min(kExtendBlocks, frontier_ - at);
    if (!recommit(at, run) && !recommit(at, 1)) return false;
  }
  return free_ >= count || extend(count - free_);
}

uint64_t OldSpace::take_free_block() {
  CAIRN_ASSERT(free_ != 0);
  while (blocks_[free_cursor_].state != BlockState::free) {
    ++free_cursor_;
    CAIRN_DEBUG_ASSERT(free_cursor_ < frontier_);
  }
  Block& block = blocks_[free_cursor_];
  block = {.live = ~uint64_t{0}, .marks = is_marking_ ? ~uint64_t{0} : 0, .state = BlockState::lines};
  --free_;
  used_ += kBlockBytes;
  return free_cursor_++;
}

bool OldSpace::find_hole() {
  for (; hole_block_ < frontier_; ++hole_block_, hole_line_ = 0) {
    Block& block = blocks_[hole_block_];
    if (block.state != BlockState::lines || hole_line_ == 64) continue;
    if (hole_line_ == 0 && std::popcount(~block.live) < kFewestFreeLines) continue;
    const uint64_t free = ~block.live & (~uint64_t{0} << hole_line_);
    if (free == 0) continue;
    const auto start = static_cast<uint64_t>(std::countr_zero(free));
    const auto count = static_cast<uint64_t>(std::countr_one(free >> start));
    block.live |= lines(start, count);
    if (is_marking_) block.marks |= lines(start, count);
    used_ += count * kLineBytes;
    hole_line_ = start + count;
    top_ = hole_block_ * kBlockBytes + start * kLineBytes;
    limit_ = top_ + count * kLineBytes;
    return true;
  }
  return false;
}

abi::HeapReference OldSpace::allocate_slow(uint64_t size) {
  if (size > kLineBytes) {
    if (size > medium_limit_ - medium_top_) {
      medium_top_ = take_free_block() * kBlockBytes;
      medium_limit_ = medium_top_ + kBlockBytes;
    }
    medium_top_ += size;
    return static_cast<abi::HeapReference>(medium_top_ - size);
  }
  if (!find_hole()) {
    top_ = take_free_block() * kBlockBytes;
    limit_ = top_ + kBlockBytes;
  }
  return allocate(size);
}

uint64_t OldSpace::find_run(uint64_t count) {
  const auto is_free = [&](uint64_t at) {
    return blocks_[at].state == BlockState::free || blocks_[at].state == BlockState::released;
  };
  const auto search = [&](uint64_t from, uint64_t to) {
    for (uint64_t at = from, run = 0; at < to; ++at) {
      run = is_free(at) ? run + 1 : 0;
      if (run == count) return at + 1 - count;
    }
    return end_;
  };
  if (count > free_ + released_) return end_;
  const uint64_t found = search(large_cursor_, frontier_);
  return found != end_ ? found : search(first_, frontier_);
}

uint64_t OldSpace::room_for_large(uint64_t size, uint64_t most) const {
  const uint64_t count = block_bytes_of(size) / kBlockBytes;
  uint64_t found = 0, run = 0;
  for (uint64_t at = first_; at < frontier_ && found < most; ++at) {
    const bool is_free = blocks_[at].state == BlockState::free || blocks_[at].state == BlockState::released;
    run = is_free ? run + 1 : 0;
    if (run != count) continue;
    ++found;
    run = 0;
  }
  // The blocks that are not committed yet continue the last run of free blocks.
  return std::min(most, found + (run + (end_ - frontier_)) / count);
}

abi::HeapReference OldSpace::allocate_large(uint64_t size) {
  const uint64_t count = block_bytes_of(size) / kBlockBytes;
  uint64_t first = find_run(count);
  if (first == end_) {
    // The run begins with the free blocks directly below the frontier, so fewer new blocks are needed.
    uint64_t tail = 0;
    while (frontier_ - tail > first_ && blocks_[frontier_ - tail - 1].state == BlockState::free) ++tail;
    if (!extend(count - std::min(tail, count))) return abi::kNullReference;
    first = find_run(count);
    CAIRN_ASSERT(first != end_);
  }
  if (!recommit(first, count)) return abi::kNullReference;
  blocks_[first] = {.extent = static_cast<uint32_t>(count), .state = BlockState::large};
  for (uint64_t i = 1; i < count; ++i)
    blocks_[first + i] = {.extent = static_cast<uint32_t>(i), .state = BlockState::large_rest};
  free_ -= count;
  used_ += count * kBlockBytes;
  large_cursor_ = first + count;
  return static_cast<abi::HeapReference>(first * kBlockBytes);
}

void OldSpace::free_large_blocks(Block& head) {
  const auto first = static_cast<uint64_t>(&head - blocks_.data());
  const uint64_t count = head.extent;
  for (uint64_t i = 0; i < count; ++i) blocks_[first + i] = {};
  free_ += count;
  used_ -= count * kBlockBytes;
  free_cursor_ = std::min(free_cursor_, first);
}

void OldSpace::start_marking() {
  top_ = limit_ = medium_top_ = medium_limit_ = 0;
  is_marking_ = true;
}

void OldSpace::forget_marks() {
  is_marking_ = false;
  for (uint64_t at = first_; at < frontier_; ++at) {
    blocks_[at].marks = 0;
    blocks_[at].has_gray = false;
  }
}

void OldSpace::finish_marking() {
  is_marking_ = false;
  top_ = limit_ = medium_top_ = medium_limit_ = 0;
  hole_block_ = free_cursor_ = large_cursor_ = first_;
  hole_line_ = 0;
  used_ = 0;
  for (uint64_t at = first_; at < frontier_; ++at) {
    Block& block = blocks_[at];
    switch (block.state) {
      case BlockState::free:
      case BlockState::released:
      case BlockState::large_rest: break;
      case BlockState::lines:
        block.live = std::exchange(block.marks, 0);
        if (block.live == 0) {
          block.state = BlockState::free;
          ++free_;
        }
        used_ += static_cast<uint64_t>(std::popcount(block.live)) * kLineBytes;
        break;
      case BlockState::large:
        used_ += block.extent * kBlockBytes;
        if (!marks_.test(at * kBlockBytes)) free_large_blocks(block);
        break;
    }
  }
}

bool OldSpace::release_free(uint64_t keep, uint64_t most) {
  // Release from the highest address down: the lowest blocks are the next to be used.
  uint64_t released = 0;
  for (uint64_t end = frontier_; end > first_ && free_ > keep && released < most;) {
    if (blocks_[end - 1].state != BlockState::free) {
      --end;
      continue;
    }
    uint64_t begin = end - 1;
    while (begin > first_ && blocks_[begin - 1].state == BlockState::free && free_ - (end - begin) > keep &&
           released + (end - begin) < most) {
      --begin;
    }
    Platform::decommit(memory_of(begin, end - begin));
    for (uint64_t at = begin; at < end; ++at) blocks_[at].state = BlockState::released;
    free_ -= end - begin;
    released_ += end - begin;
    released += end - begin;
    end = begin;
  }
  return free_ > keep;
}

}  // namespace cairn::runtime

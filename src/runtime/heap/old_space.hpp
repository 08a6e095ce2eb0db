// The old generation's memory: blocks of 16 KiB, in lines of 256 bytes. Objects go into runs of free lines ("holes")
// and into free blocks, by bumping a pointer; marking finds the lines that are still in use, and a pass over the table
// of blocks, not over the objects, makes the others free again. An object of more than kMaximumInlineBytes has whole
// blocks of its own.
//
// Blocks are committed as they are needed, from the lowest address up, and may be given back to the machine when free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/heap_layout.hpp"
#include "runtime/heap/address_bits.hpp"
#include "runtime/heap/committed_table.hpp"

namespace cairn::runtime {

inline constexpr uint64_t kBlockBytes = 16 * 1024;
inline constexpr uint64_t kLineBytes = 256;
static_assert(kBlockBytes / kLineBytes == 64, "a word has a bit for each line of a block");
static_assert(abi::kMaximumInlineBytes <= kBlockBytes / 2);

enum class BlockState : uint8_t {
  free,        // committed, empty
  released,    // given back to the machine
  lines,       // holds objects
  large,       // a large object starts here
  large_rest,  // a large object goes on here
};

struct Block {
  uint64_t live = 0;    // its lines that the last marking found in use or that have been handed out since
  uint64_t marks = 0;   // lines in use as far as the marking under way knows
  uint32_t extent = 0;  // large: how many blocks the object takes; large_rest: how many blocks back it starts
  BlockState state = BlockState::free;
  bool has_gray = false;  // has marked objects that wait to be scanned and are in no list (Marker)
};

class OldSpace {
 public:
  // Takes the part of the reservation from `begin` on, a multiple of kBlockBytes. `blocks` can grow to the whole
  // reservation.
  OldSpace(std::span<std::byte> reservation, uint64_t begin, CommittedTable<Block> blocks, MarkBits marks,
           CardBits cards);
  OldSpace(const OldSpace&) = delete;
  OldSpace& operator=(const OldSpace&) = delete;

  // Room for an object of at most kMaximumInlineBytes. Never fails within what reserve() promised.
  abi::HeapReference allocate(uint64_t size) {
    const uint64_t object = top_;
    if (size > limit_ - object) [[unlikely]]
      return allocate_slow(size);
    top_ = object + size;
    return static_cast<abi::HeapReference>(object);
  }
  // Room, not cleared, for an object of any size, in blocks of its own; null when there is none.
  abi::HeapReference allocate_large(uint64_t size);
  // What such an object takes.
  static constexpr uint64_t whole_blocks(uint64_t size) { return (size + kBlockBytes - 1) / kBlockBytes * kBlockBytes; }
  // How many objects of `size` bytes could have blocks of their own, as far as the limit goes; counted up to `most`.
  [[nodiscard]] uint64_t room_for_large(uint64_t size, uint64_t most) const;
  void free_large(abi::HeapReference object) { free_large_blocks(block_of(object)); }

  // Makes sure that there are so many free blocks; false when the machine or the limit does not allow it.
  [[nodiscard]] bool reserve(uint64_t blocks);
  // How many free blocks objects of `bytes` in all may need: half of a block is lost where the next one does not fit.
  static constexpr uint64_t blocks_for(uint64_t bytes) { return 2 * bytes / kBlockBytes + 4; }

  // From now on what is handed out counts as marked: its lines. The caller marks the objects.
  void start_marking();
  // Frees what is not marked.
  void finish_marking();
  // Marking starts over: forgets what it has found.
  void forget_marks();
  void mark_lines(abi::HeapReference object, uint64_t size) {
    Block& block = blocks_[object / kBlockBytes];
    if (block.state != BlockState::lines) return;
    const uint64_t first = object % kBlockBytes / kLineBytes, last = (object % kBlockBytes + size - 1) / kLineBytes;
    block.marks |= lines(first, last + 1 - first);
  }

  // Gives free blocks beyond `keep` back, up to `most` of them; whether there may be more.
  bool release_free(uint64_t keep, uint64_t most);

  [[nodiscard]] uint64_t begin() const { return first_ * kBlockBytes; }
  [[nodiscard]] uint64_t end() const { return frontier_ * kBlockBytes; }  // nothing is committed from here on
  [[nodiscard]] uint64_t used_bytes() const { return used_; }
  [[nodiscard]] uint64_t capacity() const { return (end_ - first_) * kBlockBytes; }
  [[nodiscard]] uint64_t free_blocks() const { return free_; }
  [[nodiscard]] Block& block_of(abi::HeapReference object) const { return blocks_[object / kBlockBytes]; }
  [[nodiscard]] bool is_large(abi::HeapReference object) const { return block_of(object).state == BlockState::large; }
  [[nodiscard]] MarkBits& marks() { return marks_; }
  [[nodiscard]] CardBits& cards() { return cards_; }

 private:
  abi::HeapReference allocate_slow(uint64_t size);
  bool find_hole();
  uint64_t take_free_block();
  uint64_t find_run(uint64_t count);
  bool extend(uint64_t blocks);
  bool recommit(uint64_t first, uint64_t count);
  void free_large_blocks(Block& head);
  [[nodiscard]] std::span<std::byte> memory_of(uint64_t first, uint64_t count) const {
    return reservation_.subspan(first * kBlockBytes, count * kBlockBytes);
  }
  static constexpr uint64_t lines(uint64_t first, uint64_t count) {
    return (count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << first;
  }

  uint64_t top_ = 0, limit_ = 0;                // the hole in use
  uint64_t medium_top_ = 0, medium_limit_ = 0;  // a block for what does not fit the hole
  uint64_t hole_block_, hole_line_ = 0;         // where the search for the next hole goes on
  uint64_t free_cursor_, large_cursor_;         // where the searches for free blocks go on
  uint64_t used_ = 0;                           // bytes handed out or found in use
  uint64_t free_ = 0, released_ = 0;            // blocks in these states
  uint64_t first_, frontier_, end_;             // block numbers
  bool is_marking_ = false;
  std::span<std::byte> reservation_;
  CommittedTable<Block> blocks_;
  MarkBits marks_;
  CardBits cards_;
};

}  // namespace cairn::runtime

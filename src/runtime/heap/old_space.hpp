// OldSpace is the memory of the old generation: blocks of 16 KiB, divided into lines of 256 bytes. Objects are
// allocated by advancing a pointer, in runs of free lines ("holes") or in free blocks. Marking finds the lines that are
// still in use. A pass over the table of blocks, not over the objects, then frees the other lines. An object of more
// than kMaximumInlineBytes has whole blocks of its own.
//
// Blocks are committed as they are needed, from the lowest address up. Free blocks may be given back to the machine.
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
  free,        // committed, without objects
  released,    // given back to the machine
  lines,       // holds objects, which share its lines
  large,       // a large object starts here
  large_rest,  // a large object goes on here
};

struct Block {
  uint64_t live = 0;   // bit i: the last marking found line i in use, or it was handed out since then
  uint64_t marks = 0;  // bit i: the current marking has found line i in use
  // In state large: the number of blocks of the object. In state large_rest: the distance in blocks to the object's
  // first block.
  uint32_t extent = 0;
  BlockState state = BlockState::free;
  bool has_gray = false;  // whether marked objects here are still to be scanned and are not in Marker's list
};

class OldSpace {
 public:
  // Takes the part of the reservation that begins at `begin`, a multiple of kBlockBytes. The table `blocks` can grow
  // until it covers the whole reservation.
  OldSpace(std::span<std::byte> reservation, uint64_t begin, CommittedTable<Block> blocks, MarkBits marks,
           CardBits cards);
  OldSpace(const OldSpace&) = delete;
  OldSpace& operator=(const OldSpace&) = delete;

  // Allocates room, not cleared, for an object of at most kMaximumInlineBytes. There must be a free block, which the
  // caller ensures by reserve().
  abi::HeapReference allocate(uint64_t size) {
    const uint64_t object = top_;
    if (size > limit_ - object) [[unlikely]]
      return allocate_slow(size);
    top_ = object + size;
    return static_cast<abi::HeapReference>(object);
  }
  // Allocates room, not cleared, for an object of any size in blocks of its own; null when there is none.
  abi::HeapReference allocate_large(uint64_t size);
  // The size in bytes of the blocks that an object of `size` bytes takes if it has blocks of its own.
  static constexpr uint64_t block_bytes_of(uint64_t size) {
    return (size + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  }
  // The number of objects of `size` bytes that could have blocks of their own within the heap's limit, counted up to
  // `most`.
  [[nodiscard]] uint64_t room_for_large(uint64_t size, uint64_t most) const;
  // Frees the blocks of a large object.
  void free_large(abi::HeapReference object) { free_large_blocks(block_of(object)); }

  // Ensures that there are `blocks` free blocks. Returns false when the machine or the limit does not allow it.
  [[nodiscard]] bool reserve(uint64_t blocks);
  // The number of free blocks that objects of `bytes` in total may need: up to half of a block is lost where the next
  // object does not fit.
  static constexpr uint64_t blocks_for(uint64_t bytes) { return 2 * bytes / kBlockBytes + 4; }

  // Begins a marking. The lines of memory that is handed out from now on count as marked. The caller marks the objects
  // that it allocates there.
  void start_marking();
  // Frees all lines and blocks that are not marked.
  void finish_marking();
  // Forgets what the current marking has found, because marking starts again.
  void forget_marks();
  // Marks the lines that an object of `size` bytes takes. A large object has blocks instead.
  void mark_lines(abi::HeapReference object, uint64_t size) {
    Block& block = blocks_[object / kBlockBytes];
    if (block.state != BlockState::lines) return;
    const uint64_t first = object % kBlockBytes / kLineBytes, last = (object % kBlockBytes + size - 1) / kLineBytes;
    block.marks |= lines(first, last + 1 - first);
  }

  // Gives at most `most` free blocks back to the machine, and leaves at least `keep`. Returns whether more than `keep`
  // are left.
  bool release_free(uint64_t keep, uint64_t most);

  [[nodiscard]] uint64_t begin() const { return first_ * kBlockBytes; }
  // The blocks from this address on were never committed.
  [[nodiscard]] uint64_t end() const { return frontier_ * kBlockBytes; }
  [[nodiscard]] uint64_t used_bytes() const { return used_; }
  [[nodiscard]] uint64_t capacity() const { return (end_ - first_) * kBlockBytes; }
  [[nodiscard]] uint64_t free_blocks() const { return free_; }
  [[nodiscard]] Block& block_of(abi::HeapReference object) const { return blocks_[object / kBlockBytes]; }
  [[nodiscard]] bool is_large(abi::HeapReference object) const { return block_of(object).state == BlockState::large; }
  [[nodiscard]] MarkBits& marks() { return marks_; }
  [[nodiscard]] CardBits& cards() { return cards_; }

 private:
  abi::HeapReference allocate_slow(uint64_t size);  // allocate() when the hole has no room
  bool find_hole();                                 // makes the next hole the one in use; false if there is none
  uint64_t take_free_block();                       // takes a free block for lines; returns its number
  uint64_t find_run(uint64_t count);  // first of `count` adjacent free or released blocks; end_ if there are none
  bool extend(uint64_t blocks);       // commits at least `blocks` new blocks; false if that is impossible
  bool recommit(uint64_t first, uint64_t count);  // commits the released blocks among these; false without memory
  void free_large_blocks(Block& head);
  [[nodiscard]] std::span<std::byte> memory_of(uint64_t first, uint64_t count) const {
    return reservation_.subspan(first * kBlockBytes, count * kBlockBytes);
  }
  static constexpr uint64_t lines(uint64_t first, uint64_t count) {
    return (count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << first;
  }

  uint64_t top_ = 0, limit_ = 0;  // the free part of the hole in use
  // The free part of a block for objects of more than a line that do not fit the hole.
  uint64_t medium_top_ = 0, medium_limit_ = 0;
  uint64_t hole_block_, hole_line_ = 0;  // where the search for the next hole goes on
  uint64_t free_cursor_, large_cursor_;  // where the searches for free blocks go on
  uint64_t used_ = 0;                    // bytes of lines and blocks that were handed out or found in use
  uint64_t free_ = 0, released_ = 0;     // numbers of blocks in these states
  // The numbers of the first block, of the first block that was never committed, and of the last block plus 1.
  uint64_t first_, frontier_, end_;
  bool is_marking_ = false;
  std::span<std::byte> reservation_;
  CommittedTable<Block> blocks_;
  MarkBits marks_;
  CardBits cards_;
};

}  // namespace cairn::runtime

// RangePool allocates the nodes of the address space's RangeTree. They lie in frames of their own, because nothing is
// allocated from the heap under the address space's lock.
//
// Some free nodes are *set aside* for operations that must not fail later. An operation that may fail first ensures
// that there are enough other nodes for it.
#pragma once

#include <cstdint>

#include "kernel/memory/frame_source.hpp"
#include "kernel/memory/range_tree.hpp"

namespace cairn::kernel {

class RangePool {
 public:
  RangePool(DirectMap map, FrameSource& source) : map_(map), source_(source) {}
  RangePool(const RangePool&) = delete;
  RangePool& operator=(const RangePool&) = delete;

  // Takes frames until `count` nodes are free besides those that are set aside. Returns false if there is no memory.
  [[nodiscard]] bool ensure(uint64_t count);
  // set_aside() increases the number of free nodes that are set aside, and give_up() decreases it.
  void set_aside(uint64_t count) { aside_ += count; }
  void give_up(uint64_t count) { aside_ -= count; }
  // Takes a free node; there must be one.
  RangeNode* take();
  // Frees a node. Frees its frame, too, if no other node in the frame is in use and enough free nodes are left.
  void give(RangeNode* node);
  // Adds a frame to the pool, as free nodes.
  void add(PhysAddr frame);

  [[nodiscard]] uint64_t free_nodes() const { return free_; }
  [[nodiscard]] uint64_t nodes_aside() const { return aside_; }
  // The number of frames that hold nodes.
  [[nodiscard]] uint64_t frames() const { return frames_; }

 private:
  // The header of a frame of nodes.
  struct Page {
    Page* next;  // the next frame with free nodes
    Page* previous;
    RangeNode* free;  // the first free node of the frame; free nodes are linked by `right`
    uint64_t used;    // number of nodes that are in use
  };
  static constexpr uint64_t kNodes = (kPageSize - sizeof(Page)) / sizeof(RangeNode);

  static Page* page_of(RangeNode* node) {
    return reinterpret_cast<Page*>(align_down(reinterpret_cast<uint64_t>(node), kPageSize));
  }
  void link(Page* page);
  void unlink(Page* page);

  DirectMap map_;
  FrameSource& source_;
  Page* partial_ = nullptr;  // list of the frames with free nodes
  uint64_t frames_ = 0;
  uint64_t free_ = 0;   // number of free nodes, including those that are set aside
  uint64_t aside_ = 0;  // number of free nodes that are set aside
};

}  // namespace cairn::kernel

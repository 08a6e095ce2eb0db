// The nodes of the address space, in frames of their own: under its lock nothing is allocated from the heap.
//
// Some free nodes are *set aside* for what must not fail later. What may fail makes sure first (ensure) that there are
// as many nodes as it needs besides those.
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

  // Takes frames until `count` nodes can be taken besides those that are set aside. False: there is no memory.
  [[nodiscard]] bool ensure(uint64_t count);
  // Sets nodes aside, or gives them up again.
  void set_aside(uint64_t count) { aside_ += count; }
  void give_up(uint64_t count) { aside_ -= count; }
  // There must be one.
  RangeNode* take();
  // Gives a node back, and its frame when it was the last one in there and enough are left.
  void give(RangeNode* node);
  // Adds this frame's nodes to the free ones.
  void add(PhysAddr frame);

  [[nodiscard]] uint64_t free_nodes() const { return free_; }
  [[nodiscard]] uint64_t nodes_aside() const { return aside_; }
  // Frames that hold nodes.
  [[nodiscard]] uint64_t frames() const { return frames_; }

 private:
  // The first bytes of a frame.
  struct Page {
    Page* next;  // of the pages with free nodes
    Page* previous;
    RangeNode* free;  // linked by `right`
    uint64_t used;
  };
  static constexpr uint64_t kNodes = (kPageSize - sizeof(Page)) / sizeof(RangeNode);

  static Page* page_of(RangeNode* node) {
    return reinterpret_cast<Page*>(align_down(reinterpret_cast<uint64_t>(node), kPageSize));
  }
  void link(Page* page);
  void unlink(Page* page);

  DirectMap map_;
  FrameSource& source_;
  Page* partial_ = nullptr;
  uint64_t frames_ = 0;
  uint64_t free_ = 0;
  uint64_t aside_ = 0;
};

}  // namespace cairn::kernel

// The roots: references to objects from outside of the heap.
#pragma once

#include <cstdint>

#include "abi/heap_layout.hpp"

namespace cairn::runtime {

class Store;

// Visits a place that may hold a heap reference. It may change the reference.
class RootVisitor {
 public:
  template <class Visit>
  explicit RootVisitor(Visit& visit)
      : data_(&visit), visit_([](void* data, abi::HeapReference& slot) { (*static_cast<Visit*>(data))(slot); }) {}
  void operator()(abi::HeapReference& slot) const { visit_(data_, slot); }

 private:
  void* data_;
  void (*visit_)(void*, abi::HeapReference&);
};

// Which roots a visitor sees. Long tables and segments note which of their pieces were written since the last visit
// with `all` or `changed`. Only these pieces may refer to objects that were young at that visit, or that a marking
// begun since then has not met. Roots outside of long tables always count as changed.
enum class RootChoice : uint8_t {
  all,
  changed,
  only_look,  // all roots; pieces that are marked as changed remain so
  unchanged,  // roots that have not changed; no piece's mark changes
};

// Calls a visitor for the roots that the heap does not know by itself.
struct RootSource {
  void* data = nullptr;
  void (*visit)(void* data, RootChoice choice, const RootVisitor& visitor) = [](void*, RootChoice, const RootVisitor&) {
  };
};

// The roots of a store: its globals and tables, its element segments, and its guest frames of the running thread. The
// store's guest code must have left through a stub, or not be running.
RootSource roots_of(Store& store);

}  // namespace cairn::runtime

// Enumerates the roots of a store, which are references to objects from outside of the heap.
#pragma once

#include <cstdint>

#include "abi/heap_layout.hpp"

namespace cairn::runtime {

class Store;

// A callable for places that may hold a heap reference. The callable may change the reference.
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

// Which roots a visitor sees. Tables and element segments note which of their pieces were written since the last visit
// with `all` or `changed`. The unwritten pieces refer to no young object. If a marking has visited all roots, unwritten
// pieces refer only to objects that the marking has marked. Roots outside of tables and segments always count as
// changed.
enum class RootChoice : uint8_t {
  all,        // all roots; no piece is marked as changed afterwards
  changed,    // only roots that may have changed; no piece is marked as changed afterwards
  only_look,  // all roots; pieces that are marked as changed remain so
  unchanged,  // only roots that have not changed; pieces that are marked as changed remain so
};

// Calls a visitor for the roots that are not in Heap::roots().
struct RootSource {
  void* data = nullptr;
  void (*visit)(void* data, RootChoice choice, const RootVisitor& visitor) = [](void*, RootChoice, const RootVisitor&) {
  };
};

// Returns the roots of a store: its globals, tables and element segments, and its guest frames on the running thread.
// When the roots are visited, the store's guest code must have called C++ by a stub or trampoline that notes its frame,
// or must not be running.
RootSource roots_of(Store& store);

}  // namespace cairn::runtime

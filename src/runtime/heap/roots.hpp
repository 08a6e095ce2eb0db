// What is alive without being referred to by an object.
#pragma once

#include <cstdint>

#include "abi/heap_layout.hpp"

namespace cairn::runtime {

class Store;

// Looks at a place that may hold a reference of the heap, and may change it.
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

// Which roots a visitor sees. Long tables and segments remember which pieces of them were written since a visitor of
// `all` or `changed` has seen them: only those may refer to objects that were young then, or that a marking since then
// has not met. What is not in long tables is always among the changed ones.
enum class RootChoice : uint8_t {
  all,
  changed,
  only_look,  // all; what is changed remains so
  unchanged,  // the others, and nothing remains different
};

// Calls a visitor for the roots that the heap does not know by itself.
struct RootSource {
  void* data = nullptr;
  void (*visit)(void* data, RootChoice choice, const RootVisitor& visitor) = [](void*, RootChoice, const RootVisitor&) {
  };
};

// Those of a store: its globals and tables, element segments, and the guest frames of the running thread that are the
// store's. Guest code has left through a stub, or does not run.
RootSource roots_of(Store& store);

}  // namespace cairn::runtime

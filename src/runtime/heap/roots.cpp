#include "runtime/heap/roots.hpp"

#include "platform/platform.hpp"
#include "runtime/activation.hpp"
#include "runtime/code_image.hpp"
#include "runtime/frame_iterator.hpp"
#include "runtime/store.hpp"

namespace cairn::runtime {

namespace {

// The reference in the low half of a word.
HeapReference& reference_in(void* word) { return *static_cast<HeapReference*>(word); }

void visit_frames(const Store& store, const RootVisitor& visit) {
  FrameCache cache;
  for (FrameIterator at(platform::Platform::activation(), &cache); !at.at_end(); ++at) {
    if (at->activation->store != &store) continue;
    for (const int32_t offset : at->references) {
      // A slot of the stack; a register's lies below the frame.
      const uintptr_t slot = at->stack_pointer + static_cast<uintptr_t>(intptr_t{offset});
      visit(reference_in(reinterpret_cast<void*>(slot)));  // NOLINT: a place in the stack, computed by the unwinder
    }
  }
}

void visit_store(void* data, const RootVisitor& visit) {
  Store& store = *static_cast<Store*>(data);
  for (GlobalObject& global : store.globals()) {
    if (global.is_heap_reference) visit(reference_in(global.vm->bytes.data()));
  }
  for (TableObject& table : store.tables()) {
    if (!table.holds_heap_references) continue;
    for (uint64_t& element : table.elements) visit(reference_in(&element));
  }
  for (InstanceObject& instance : store.instances()) {
    for (TryVector<uint64_t>& values : instance.element_values) {
      for (uint64_t& value : values) visit(reference_in(&value));
    }
  }
  visit_frames(store, visit);
}

}  // namespace

RootSource roots_of(Store& store) { return {.data = &store, .visit = visit_store}; }

}  // namespace cairn::runtime

#include "runtime/heap/roots.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "platform/platform.hpp"
#include "runtime/code/activation.hpp"
#include "runtime/code/code_image.hpp"
#include "runtime/code/frame_iterator.hpp"
#include "runtime/store.hpp"

namespace cairn::runtime {

namespace {

// Returns the reference in the low half of a 64-bit word.
abi::HeapReference& reference_in(void* word) { return *static_cast<abi::HeapReference*>(word); }

void visit_frames(const Store& store, const RootVisitor& visit) {
  FrameCache cache;
  for (FrameIterator at(platform::Platform::activation(), &cache); !at.at_end(); ++at) {
    if (at->activation->store != &store) continue;
    for (const int32_t offset : at->references) {
      // The address of a stack slot. Slots of registers that a stub saved lie below the frame, so their offsets are
      // negative.
      const uintptr_t slot = at->stack_pointer + static_cast<uintptr_t>(intptr_t{offset});
      visit(reference_in(reinterpret_cast<void*>(slot)));  // NOLINT: the stack map gives the slot's address as a number
    }
  }
}

void visit_table(TableObject& table, RootChoice choice, const RootVisitor& visit) {
  const std::span<uint64_t> elements(table.elements.data(), table.elements.size());
  const std::span changed = table.changed.as_span();
  constexpr auto kChanged = static_cast<uint8_t>(abi::PieceState::changed),
                 kSeen = static_cast<uint8_t>(abi::PieceState::seen);
  for (size_t piece = 0; piece * abi::kTablePiece < elements.size(); ++piece) {
    if (choice == RootChoice::changed && changed[piece] != kChanged) {
      // Skip to the next changed piece, because there may be many unchanged pieces.
      const void* next = std::memchr(&changed[piece], kChanged, changed.size() - piece);
      if (next == nullptr) return;
      piece = static_cast<size_t>(static_cast<const uint8_t*>(next) - changed.data());
    }
    if (changed[piece] == static_cast<uint8_t>(abi::PieceState::untouched)) continue;
    if (choice == RootChoice::unchanged && changed[piece] == kChanged) continue;
    const size_t begin = piece * abi::kTablePiece;
    for (uint64_t& element : elements.subspan(begin, std::min<size_t>(abi::kTablePiece, elements.size() - begin))) {
      visit(reference_in(&element));
    }
    if (choice == RootChoice::all || choice == RootChoice::changed) changed[piece] = kSeen;
  }
}

void visit_segments(InstanceObject& instance, RootChoice choice, const RootVisitor& visit) {
  if (choice == RootChoice::changed && !instance.has_new_element_values) return;
  for (ElementValues& values : instance.element_values) {
    const std::span<uint64_t> words = values.words.as_span();
    const std::span<uint64_t> chosen = choice == RootChoice::changed     ? words.subspan(values.seen)
                                       : choice == RootChoice::unchanged ? words.first(values.seen)
                                                                         : words;
    for (uint64_t& value : chosen) visit(reference_in(&value));
    if (choice == RootChoice::all || choice == RootChoice::changed) values.seen = words.size();
  }
  if (choice == RootChoice::all || choice == RootChoice::changed) instance.has_new_element_values = false;
}

void visit_store(void* data, RootChoice choice, const RootVisitor& visit) {
  Store& store = *static_cast<Store*>(data);
  for (TableObject& table : store.tables()) {
    if (table.holds_heap_references) visit_table(table, choice, visit);
  }
  for (InstanceObject& instance : store.instances()) visit_segments(instance, choice, visit);
  if (choice == RootChoice::unchanged) return;
  for (GlobalObject& global : store.globals()) {
    if (global.is_heap_reference) visit(reference_in(global.vm->bytes.data()));
  }
  visit_frames(store, visit);
}

}  // namespace

RootSource roots_of(Store& store) { return {.data = &store, .visit = visit_store}; }

}  // namespace cairn::runtime

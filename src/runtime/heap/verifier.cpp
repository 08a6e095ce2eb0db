#include "runtime/heap/verifier.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "runtime/type_registry.hpp"

namespace cairn::runtime {

namespace {
constexpr int kPoison = 0xdb;     // the byte that overwrites free memory
constexpr uint64_t kGranule = 8;  // objects start at multiples of this and have multiples of this as sizes
}  // namespace

HeapVerifier::HeapVerifier(const ObjectSpace& objects, OldSpace& old, const Nursery& nursery,
                           const RememberedSet& remembered, bool all_marked)
    : objects_(objects),
      old_(old),
      nursery_(nursery),
      remembered_(remembered),
      all_marked_(all_marked),
      starts_(old.end() / kGranule),
      taken_(old.end() / kGranule) {
  remembered.for_each(
      objects.base, [&](abi::HeapReference object) { entries_.push_back(object); },
      [&](abi::HeapReference array, uint64_t card) { entries_.push_back(card << 32 | array); });
  std::ranges::sort(entries_);
}

bool HeapVerifier::is_young(abi::HeapReference reference) const {
  return is_object(reference) && reference >= nursery_.begin() && reference < nursery_.begin() + nursery_.used();
}

void HeapVerifier::reach(abi::HeapReference reference) {
  if (!is_object(reference)) return;
  CAIRN_ASSERT(reference % kGranule == 0);
  CAIRN_ASSERT(is_young(reference) || (reference >= old_.begin() && reference < old_.end()));
  if (starts_[reference / kGranule]) return;
  starts_[reference / kGranule] = true;
  const abi::VMObject& header = objects_.at(reference);
  CAIRN_ASSERT((header.flags & kForwardedFlag) == 0);
  if (header.kind != abi::ObjectKind::host) {
    CAIRN_ASSERT(header.kind < abi::ObjectKind::host);
    CAIRN_ASSERT(header.type_id < TypeRegistry::kMaximumTypes);
    const abi::VMTypeInfo* type = objects_.types[header.type_id];
    CAIRN_ASSERT(type != nullptr && type->kind == header.kind);
  }
  const uint64_t size = objects_.size_of(reference);
  if (is_young(reference)) {
    CAIRN_ASSERT(reference + size <= nursery_.begin() + nursery_.used());
  } else {
    check_old(reference, size);
  }
  for (uint64_t at = reference; at < reference + size; at += kGranule) {
    CAIRN_ASSERT(!taken_[at / kGranule]);
    taken_[at / kGranule] = true;
  }
  to_scan_.push_back(reference);
}

void HeapVerifier::check_old(abi::HeapReference object, uint64_t size) {
  CAIRN_ASSERT(object + size <= old_.end());
  const Block& block = old_.block_of(object);
  if (block.state == BlockState::large) {
    CAIRN_ASSERT(object % kBlockBytes == 0 && size <= block.extent * kBlockBytes);
  } else {
    CAIRN_ASSERT(block.state == BlockState::lines);
    CAIRN_ASSERT(object / kBlockBytes == (object + size - 1) / kBlockBytes);
    for (uint64_t line = object / kLineBytes; line <= (object + size - 1) / kLineBytes; ++line) {
      CAIRN_ASSERT((block.live >> line % 64 & 1) != 0);
    }
  }
  if (all_marked_) CAIRN_ASSERT(old_.marks().test(object));
}

void HeapVerifier::check_remembered(abi::HeapReference object, abi::HeapReference& slot) {
  if (!remembered_.is_complete() || !is_young(slot)) return;
  // The flag is clear in old objects that are in the set as a whole. Otherwise the set must have the slot's card.
  if ((objects_.at(object).flags & abi::kBarrierFlag) == 0) {
    CAIRN_ASSERT(std::ranges::binary_search(entries_, object));
    return;
  }
  CAIRN_ASSERT(objects_.at(object).kind == abi::ObjectKind::array);
  const auto address = static_cast<uint64_t>(reinterpret_cast<std::byte*>(&slot) - objects_.base);
  const uint64_t card = ArrayCards(objects_, object).card_of(address);
  CAIRN_ASSERT(old_.cards().test(card * kCardBytes));
  CAIRN_ASSERT(std::ranges::binary_search(entries_, card << 32 | object));
}

void HeapVerifier::run() {
  while (!to_scan_.empty()) {
    const abi::HeapReference object = to_scan_.back();
    to_scan_.pop_back();
    objects_.for_each_reference(object, [&](abi::HeapReference& slot) {
      if (!is_young(object)) check_remembered(object, slot);
      reach(slot);
    });
  }
}

void HeapVerifier::poison_nursery(const ObjectSpace& objects, const Nursery& nursery) {
  std::memset(objects.base + nursery.begin(), kPoison, nursery.used());
}

void HeapVerifier::poison_free(const ObjectSpace& objects, OldSpace& old) {
  for (uint64_t at = old.begin(); at < old.end(); at += kBlockBytes) {
    const Block& block = old.block_of(static_cast<abi::HeapReference>(at));
    if (block.state == BlockState::free) std::memset(objects.base + at, kPoison, kBlockBytes);
    if (block.state != BlockState::lines) continue;
    for (uint64_t line = 0; line < 64; ++line) {
      if ((block.live >> line & 1) == 0) std::memset(objects.base + at + line * kLineBytes, kPoison, kLineBytes);
    }
  }
}

}  // namespace cairn::runtime

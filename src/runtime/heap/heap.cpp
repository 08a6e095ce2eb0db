#include "runtime/heap/heap.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "base/operation.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {

constexpr uint64_t kSmallestLimit = uint64_t{4} << 20;
constexpr uint64_t kSliceBytes = 128 * 1024;  // size of a slice of the nursery
// After a full collection, there must be room for the number of live bytes divided by this number.
constexpr uint64_t kLeastRoom = 64;
// After this many calls of collect_for_room() with hardly any allocation in between, the heap counts as full.
constexpr uint32_t kMaximumShortages = 8;
constexpr size_t kLeastListEntries = 16 * 1024;  // entries of a list that always have memory

constexpr uint64_t nursery_bytes(const HeapConfig& config, uint64_t limit) {
  return std::min(config.nursery_bytes, limit / 16) / kBlockBytes * kBlockBytes;
}

abi::VMObject header_of(uint32_t type_id, abi::ObjectKind kind) {
  return {.type_id = type_id, .flags = 0, .kind = kind, .reserved = 0};
}

}  // namespace

// The address space and the lists that a heap takes.
struct Heap::Memory {
  CommittedTable<Block> blocks;
  MarkBits marks;
  CardBits cards;
  CommittedTable<uint32_t> to_scan, remembered;
  CommittedTable<abi::HeapReference> promoted;
  std::span<std::byte> reservation;
};

Result<std::unique_ptr<Heap>> Heap::create(const HeapConfig& config, const abi::VMTypeInfo* const* types,
                                           abi::VMAllocation& allocation, RootSource roots) {
  const uint64_t bytes =
      std::clamp<uint64_t>(config.limit_bytes, kSmallestLimit, uint64_t{1} << 32) / kSmallestLimit * kSmallestLimit;
  const uint64_t nursery = nursery_bytes(config, bytes);
  Memory memory{.blocks = CAIRN_TRY(CommittedTable<Block>::create(bytes / kBlockBytes)),
                .marks = CAIRN_TRY(MarkBits::create(bytes)),
                .cards = CAIRN_TRY(CardBits::create(bytes)),
                .to_scan = CAIRN_TRY(CommittedTable<uint32_t>::create(config.mark_list_entries)),
                .remembered = CAIRN_TRY(CommittedTable<uint32_t>::create(config.remembered_entries)),
                .promoted = CAIRN_TRY(CommittedTable<abi::HeapReference>::create(Scavenger::list_capacity(nursery))),
                .reservation = CAIRN_TRY(Platform::reserve(bytes))};
  const std::span<std::byte> reservation = memory.reservation;
  // The lists get memory for these sizes now, so that the collector can go on when there is no memory for larger lists
  // (INV-15).
  std::unique_ptr<Heap> heap;
  if (memory.to_scan.grow(std::min(config.mark_list_entries, kLeastListEntries)) &&
      memory.remembered.grow(std::min(config.remembered_entries, kLeastListEntries))) {
    heap.reset(new (std::nothrow) Heap(config, std::move(memory), types, allocation, roots));
  }
  if (heap == nullptr) {
    Platform::release(reservation);
    return fail(out_of_memory("a heap of managed objects"));
  }
  return heap;
}

Heap::Heap(const HeapConfig& config, Memory memory, const abi::VMTypeInfo* const* types, abi::VMAllocation& allocation,
           RootSource roots)
    : config_(config),
      reservation_(memory.reservation),
      objects_{memory.reservation.data(), types},
      allocation_(allocation),
      source_(roots),
      old_(reservation_, abi::kNullGuardBytes + nursery_bytes(config, reservation_.size()), std::move(memory.blocks),
           std::move(memory.marks), std::move(memory.cards)),
      marker_(objects_, old_, config.mark_list_entries, std::move(memory.to_scan)),
      nursery_(reservation_, abi::kNullGuardBytes, nursery_bytes(config, reservation_.size()), allocation),
      scavenger_(objects_, old_, marker_, abi::kNullGuardBytes, nursery_bytes(config, reservation_.size()),
                 std::move(memory.promoted)),
      remembered_(config.remembered_entries, std::move(memory.remembered)) {
  static_assert(abi::kNullGuardBytes % kBlockBytes == 0);
  finish_marking();
  statistics_.major_collections = 0;
}

Heap::~Heap() { Platform::release(reservation_); }

// Moves VMAllocation::limit up so that compiled code has a slice of the nursery of at least `size` bytes. Returns false
// if the nursery is used up, or if there is no memory for the slice or for promoting its objects.
bool Heap::hand_out(uint64_t size) {
  const uint64_t least = nursery_.used() + size;
  if (least > nursery_.size()) return false;
  uint64_t wanted =
      config_.stress ? least : std::min(nursery_.size(), std::max(least, nursery_.handed_out() + kSliceBytes));
  const auto prepare = [&] {
    return old_.reserve(OldSpace::blocks_for(wanted)) && nursery_.commit(wanted) && scavenger_.prepare(wanted);
  };
  while (!prepare()) {
    if (wanted == least) return false;
    wanted = std::max(least, wanted / 2);
  }
  allocation_.limit = nursery_.begin() + wanted;
  return true;
}

// Makes room for `size` bytes in the nursery, by a new slice or by collections. Returns false if the heap is full.
bool Heap::refill(uint64_t size) {
  if (config_.stress) {
    collect_in_stress();
  } else {
    advance(kSliceBytes);
  }
  if (hand_out(size)) return true;
  collect_minor();
  // A minor collection visits all handles, globals and frames, which takes time. So it must free room for more than one
  // object.
  const uint64_t decent =
      config_.stress ? size : std::max(size, std::min({kSliceBytes, least_room() / 2, nursery_.size()}));
  if (hand_out(decent)) return true;
  if (!collect_for_room()) return false;
  return old_.reserve(OldSpace::blocks_for(std::max(size, least_room()))) && hand_out(size);
}

uint64_t Heap::least_room() const { return old_.used_bytes() / kLeastRoom; }

uint64_t Heap::allocated_bytes() const { return statistics_.allocated_bytes + nursery_.used() + large_since_minor_; }

// Collects the whole heap because there is no room. Returns false if hardly anything was allocated between several such
// collections; then the heap counts as full. This happens when objects of two sizes alternate and each size uses up the
// room that was freed for the other.
bool Heap::collect_for_room() {
  const uint64_t allocated = allocated_bytes() - std::exchange(allocated_at_shortage_, allocated_bytes());
  shortages_in_a_row_ = allocated < least_room() ? shortages_in_a_row_ + 1 : 0;
  collect_full();
  if (shortages_in_a_row_ < kMaximumShortages) return true;
  shortages_in_a_row_ = 0;
  return false;
}

abi::HeapReference Heap::allocate_bytes(uint64_t size) {
  if (size > allocation_.limit - allocation_.top && !refill(size)) return abi::kNullReference;
  const auto object = static_cast<abi::HeapReference>(allocation_.top);
  allocation_.top += size;
  return object;
}

abi::HeapReference Heap::try_allocate_large(uint64_t size) {
  const abi::HeapReference object = old_.allocate_large(size);
  if (object == abi::kNullReference) return object;
  // There must still be room for the nursery's survivors.
  if (!old_.reserve(OldSpace::blocks_for(nursery_.handed_out()))) {
    old_.free_large(object);
    return abi::kNullReference;
  }
  if (is_marking()) old_.marks().set(object);
  large_since_minor_ += size;
  return object;
}

abi::HeapReference Heap::allocate_large(uint64_t size) {
  if (config_.stress) collect_in_stress();
  if (size > old_.capacity()) return abi::kNullReference;
  advance(size);
  if (const abi::HeapReference object = try_allocate_large(size); object != abi::kNullReference) return object;
  if (!collect_for_room()) return abi::kNullReference;
  // There must be room for objects of this size. Single free blocks have no room for objects that need several blocks.
  const uint64_t least = std::max<uint64_t>(1, least_room() / OldSpace::block_bytes_of(size));
  if (old_.room_for_large(size, least) < least || !old_.reserve(least_room() / kBlockBytes)) return abi::kNullReference;
  return try_allocate_large(size);
}

abi::HeapReference Heap::allocate(uint32_t type_id) {
  const abi::VMTypeInfo& type = *objects_.types[type_id];
  const bool is_small = type.size <= abi::kMaximumInlineBytes;
  const abi::HeapReference object = is_small ? allocate_bytes(type.size) : allocate_large(type.size);
  if (object == abi::kNullReference) return object;
  at(object) = header_of(type_id, type.kind);
  // The object is old from the start, and the caller stores into it without a barrier, so the remembered set must have
  // it.
  if (!is_small && !remembered_.add_object(object)) at(object).flags = abi::kBarrierFlag;
  return object;
}

abi::HeapReference Heap::allocate_array(uint32_t type_id, uint32_t length) {
  const uint64_t size = array_bytes(objects_.types[type_id]->size, length);
  const bool is_small = size <= abi::kMaximumInlineBytes;
  const abi::HeapReference object = is_small ? allocate_bytes(size) : allocate_large(size);
  if (object == abi::kNullReference) return object;
  std::memset(&at<std::byte>(object), 0, size);
  at<abi::VMArray>(object) = {.header = header_of(type_id, abi::ObjectKind::array), .length = length};
  if (!is_small) at(object).flags = abi::kBarrierFlag;
  return object;
}

abi::HeapReference Heap::allocate_host_value(uint64_t value) {
  const abi::HeapReference object = allocate_bytes(sizeof(abi::VMHostValue));
  if (object != abi::kNullReference)
    at<abi::VMHostValue>(object) = {.header = header_of(0, abi::ObjectKind::host), .value = value};
  return object;
}

void Heap::remember(abi::HeapReference object, uint32_t offset) {
  abi::VMObject& header = at(object);
  if ((header.flags & abi::kBarrierFlag) == 0) return;
  const abi::HeapReference stored = at<abi::HeapReference>(object + offset);
  if (!scavenger_.is_young(stored)) {
    // The store may be into an object that was scanned already, and may be the only reference to `stored` from now on.
    if (is_marking()) marker_.gray(stored);
    return;
  }
  if (header.kind == abi::ObjectKind::array && at<abi::VMArray>(object).length >= RememberedSet::kElementsForCards) {
    const uint64_t card = ArrayCards(objects_, object).card_of(uint64_t{object} + offset);
    const uint64_t address = card * kCardBytes;
    if (!old_.cards().test(address) && remembered_.add_card(object, card)) old_.cards().set(address);
    return;
  }
  if (remembered_.add_object(object)) header.flags = 0;
}

void Heap::remember_range(abi::HeapReference array, uint32_t offset, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    if ((at(array).flags & abi::kBarrierFlag) == 0) return;
    remember(array, offset + i * static_cast<uint32_t>(sizeof(abi::HeapReference)));
  }
}

}  // namespace cairn::runtime

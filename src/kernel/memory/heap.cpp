#include "kernel/memory/heap.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace cairn::kernel {
namespace {

// Notes: 1 + class, and the order above, for frames of a slab; kLargeNote + frames for the first frame of a large block.
constexpr unsigned kOrderShift = 5;
constexpr uint32_t kLargeNote = 1 << 8;

}  // namespace

constexpr std::array<uint16_t, Heap::kClasses> Heap::kSizes = {16,  32,  48,  64,  80,  96,  112, 128,  160,  192,  224,  256,
                                                               320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048};

size_t Heap::class_of(size_t size) {
  if (size <= 128) return size == 0 ? 0 : (size - 1) / 16;
  const auto exponent = static_cast<unsigned>(std::bit_width(size - 1)) - 1;  // 2^exponent < size <= 2^(exponent + 1)
  return 8 + (exponent - 7) * 4 + ((size - 1 - (size_t{1} << exponent)) >> (exponent - 2));
}

void Heap::link(size_t size_class, Slab* slab) {
  slab->previous = nullptr;
  slab->next = partial_[size_class];
  if (slab->next != nullptr) slab->next->previous = slab;
  partial_[size_class] = slab;
}

void Heap::unlink(size_t size_class, Slab* slab) {
  (slab->previous != nullptr ? slab->previous->next : partial_[size_class]) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
}

Heap::Slab* Heap::make_slab(size_t size_class, unsigned order, Claim claim) {
  static_assert(kClasses < 1 << kOrderShift);
  const auto block = source_.allocate_block(order, static_cast<uint32_t>(1 + size_class) | order << kOrderShift, claim);
  if (!block) return nullptr;
  frames_ += uint64_t{1} << order;
  auto* slab = map_.at<Slab>(*block);
  *slab = {nullptr, nullptr, nullptr, 0, kHeader, order};
  link(size_class, slab);
  return slab;
}

void* Heap::allocate_small(size_t size_class, Claim claim) {
  const uint32_t size = kSizes[size_class];
  Slab* slab = partial_[size_class];
  if (slab == nullptr) slab = make_slab(size_class, order_of(size_class), claim);
  if (slab == nullptr) slab = make_slab(size_class, 0, claim);
  if (slab == nullptr) return nullptr;
  std::byte* object;
  if (slab->free != nullptr) {
    object = reinterpret_cast<std::byte*>(slab->free);
    slab->free = slab->free->next;
  } else {
    object = reinterpret_cast<std::byte*>(slab) + slab->untouched;
    slab->untouched += size;
    if (slab->untouched + size > kPageSize << slab->order) slab->untouched = 0;
  }
  ++slab->used;
  used_ += size;
  if (slab->free == nullptr && slab->untouched == 0) unlink(size_class, slab);
  return object;
}

void* Heap::allocate(size_t size, size_t alignment, Claim claim) {
  if (alignment > 16) size = std::max(align_up(size, std::min<size_t>(alignment, 64)), alignment > 64 ? kLargestSmall + 1 : 0);
  if (size <= kLargestSmall) return allocate_small(class_of(size), claim);
  if (alignment > kPageSize || size > ~size_t{0} - kPageSize) return nullptr;
  const uint64_t frames = align_up(size, kPageSize) >> kPageBits;
  const auto block = source_.allocate_contiguous(frames, claim);
  if (!block) return nullptr;
  source_.set_note(*block, kLargeNote + static_cast<uint32_t>(frames));
  frames_ += frames;
  used_ += frames << kPageBits;
  return map_.at(*block);
}

void Heap::free(void* pointer) {
  const PhysAddr address = map_.physical(pointer);
  const PhysAddr frame{align_down(address.value, kPageSize)};
  const uint32_t note = source_.note(frame);
  CAIRN_ASSERT(note != 0);  // otherwise: not from this heap, or freed before
  if (note >= kLargeNote) {
    const uint64_t frames = note - kLargeNote;
    source_.set_note(frame, 0);
    source_.free_contiguous(frame, frames);
    frames_ -= frames;
    used_ -= frames << kPageBits;
    return;
  }
  const size_t size_class = (note & ((1 << kOrderShift) - 1)) - 1;
  const unsigned order = note >> kOrderShift;
  const PhysAddr block{align_down(address.value, kPageSize << order)};
  auto* slab = map_.at<Slab>(block);
  const bool was_full = slab->free == nullptr && slab->untouched == 0;
  auto* object = static_cast<FreeObject*>(pointer);
  object->next = slab->free;
  slab->free = object;
  --slab->used;
  used_ -= kSizes[size_class];
  if (was_full) link(size_class, slab);
  // An empty slab goes back, except the last one of its class: the next object is likely to come soon.
  if (slab->used == 0 && (slab->next != nullptr || slab->previous != nullptr)) {
    unlink(size_class, slab);
    for (uint64_t i = 0; i < uint64_t{1} << order; ++i) source_.set_note(block + i * kPageSize, 0);
    source_.free_contiguous(block, uint64_t{1} << order);
    frames_ -= uint64_t{1} << order;
  }
}

}  // namespace cairn::kernel

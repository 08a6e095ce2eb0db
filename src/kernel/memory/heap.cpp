#include "kernel/memory/heap.hpp"

#include <algorithm>
#include <bit>
#include <memory>

#include "base/assert.hpp"

namespace cairn::kernel {
namespace {

// The notes of the heap's frames (FrameAllocator::note). Each frame of a slab has 1 + the size class in its low
// kOrderShift bits, and the slab's order above them. The first frame of a large block has kLargeNote + the number of
// frames, plus kHeaderNote if the block begins with a LargeBlock. If it does not, the second frame has the number of
// the account; a block of a single frame has kSingleNote + that number.
constexpr unsigned kOrderShift = 5;
constexpr uint32_t kLargeNote = 1 << 8, kSingleNote = 1 << 28, kHeaderNote = 1 << 29;
constexpr uint64_t kMostFrames = kSingleNote - kLargeNote - 1;
static_assert(Accounts::kMaximum <= kSingleNote);

constexpr Charge heap_of(AccountNumber account) { return {.account = account, .use = Use::heap}; }

}  // namespace

constexpr std::array<uint16_t, Heap::kClasses> Heap::kSizes = {16,  32,  48,  64,   80,   96,   112,  128,
                                                               160, 192, 224, 256,  320,  384,  448,  512,
                                                               640, 768, 896, 1024, 1280, 1536, 1792, 2048};

// Above 128 bytes, there are four classes from each power of two to the next.
size_t Heap::class_of(size_t size) {
  if (size <= 128) return size == 0 ? 0 : (size - 1) / 16;
  const auto exponent = static_cast<unsigned>(std::bit_width(size - 1)) - 1;  // 2^exponent < size <= 2^(exponent + 1)
  return 8 + (exponent - 7) * 4 + ((size - 1 - (size_t{1} << exponent)) >> (exponent - 2));
}

// --- Lists.

Heap::Partial& Heap::partial_of(const Slab& slab) {
  return slab.operation != nullptr ? slab.operation->partial_ : source_.account(slab.account).partial_;
}

size_t Heap::class_of(const Slab& slab) { return (source_.note(map_.physical(&slab)) & ((1 << kOrderShift) - 1)) - 1; }

void Heap::link(size_t size_class, Slab* slab) {
  Slab*& first = partial_of(*slab)[size_class];
  slab->previous = nullptr;
  slab->next = first;
  if (first != nullptr) first->previous = slab;
  first = slab;
}

void Heap::unlink(size_t size_class, Slab* slab) {
  (slab->previous != nullptr ? slab->previous->next : partial_of(*slab)[size_class]) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
}

void Heap::unlink_from_operation(Slab* slab) {
  (slab->previous_of_operation != nullptr ? slab->previous_of_operation->next_of_operation : slab->operation->slabs_) =
      slab->next_of_operation;
  if (slab->next_of_operation != nullptr) slab->next_of_operation->previous_of_operation = slab->previous_of_operation;
}

void Heap::link_large(LargeBlock* block, Operation& operation) {
  block->next = operation.large_;
  if (block->next != nullptr) block->next->previous = block;
  operation.large_ = block;
}

void Heap::unlink_large(LargeBlock* block) {
  (block->previous != nullptr ? block->previous->next : block->operation->large_) = block->next;
  if (block->next != nullptr) block->next->previous = block->previous;
}

// --- Allocating.

Heap::Slab* Heap::make_slab(size_t size_class, unsigned order, Claim claim, Operation* operation,
                            MemoryAccount& account) {
  static_assert(kClasses < 1 << kOrderShift);
  const uint32_t note = static_cast<uint32_t>(1 + size_class) | order << kOrderShift;
  const auto block = source_.allocate_block(order, note, claim, heap_of(account.number()));
  if (!block) return nullptr;
  frames_ += uint64_t{1} << order;
  auto* slab = map_.at<Slab>(*block);
  *slab = {.next = nullptr,
           .previous = nullptr,
           .next_of_operation = nullptr,
           .previous_of_operation = nullptr,
           .free = nullptr,
           .operation = operation,
           .used = 0,
           .untouched = kHeader,
           .order = static_cast<uint16_t>(order),
           .account = account.number()};
  if (operation != nullptr) {
    slab->next_of_operation = operation->slabs_;
    if (operation->slabs_ != nullptr) operation->slabs_->previous_of_operation = slab;
    operation->slabs_ = slab;
  }
  link(size_class, slab);
  return slab;
}

void* Heap::allocate_small(size_t size_class, Claim claim, Operation* operation, MemoryAccount& account) {
  const uint32_t size = kSizes[size_class];
  Slab* slab = (operation != nullptr ? operation->partial_ : account.partial_)[size_class];
  if (slab == nullptr) slab = make_slab(size_class, order_of(size_class, account), claim, operation, account);
  if (slab == nullptr) slab = make_slab(size_class, 0, claim, operation, account);
  if (slab == nullptr) return nullptr;
  CAIRN_DEBUG_ASSERT(slab->account == account.number());
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
  account.object_bytes_ += size;
  if (slab->free == nullptr && slab->untouched == 0) unlink(size_class, slab);
  return object;
}

void* Heap::allocate_large(size_t size, Claim claim, Operation* operation, MemoryAccount& account) {
  const size_t header = operation != nullptr ? kBlockHeader : 0;
  const uint64_t frames = align_up(size + header, kPageSize) >> kPageBits;
  if (frames > kMostFrames) return nullptr;
  const auto start = source_.allocate_contiguous(frames, claim, heap_of(account.number()));
  if (!start) return nullptr;
  const uint32_t note = kLargeNote + static_cast<uint32_t>(frames), number = static_cast<uint32_t>(account.number());
  frames_ += frames;
  used_ += frames << kPageBits;
  account.object_bytes_ += frames << kPageBits;
  if (operation == nullptr) {
    if (frames == 1) {
      source_.set_note(*start, kSingleNote | number);
    } else {
      source_.set_notes(*start, note, number);
    }
    return map_.at(*start);
  }
  source_.set_note(*start, kHeaderNote | note);
  auto* block =
      std::construct_at(map_.at<LargeBlock>(*start), nullptr, nullptr, frames, false, account.number(), operation);
  link_large(block, *operation);
  return reinterpret_cast<std::byte*>(block) + kBlockHeader;
}

void* Heap::allocate(size_t size, size_t alignment, Claim claim, Operation* operation, MemoryAccount& account) {
  if (alignment > 16)
    size = std::max(align_up(size, std::min<size_t>(alignment, 64)), alignment > 64 ? kLargestSmall + 1 : 0);
  if (size <= kLargestSmall) return allocate_small(class_of(size), claim, operation, account);
  if (alignment > (operation != nullptr ? kBlockHeader : kPageSize) || size > ~size_t{0} - 2 * kPageSize)
    return nullptr;
  return allocate_large(size, claim, operation, account);
}

// --- Freeing.

void Heap::free_slab(Slab* slab) {
  const PhysAddr block = map_.physical(slab);
  const uint64_t count = uint64_t{1} << slab->order;
  for (uint64_t i = 0; i < count; ++i) source_.set_note(block + i * kPageSize, 0);
  source_.free_contiguous(block, count, heap_of(slab->account));
  frames_ -= count;
}

void Heap::free_large(void* block, uint64_t frames, AccountNumber account) {
  const PhysAddr start = map_.physical(block);
  source_.account(account).object_bytes_ -= frames << kPageBits;
  source_.set_note(start, 0);
  source_.free_contiguous(start, frames, heap_of(account));
  frames_ -= frames;
  used_ -= frames << kPageBits;
}

void Heap::free_small(void* pointer, uint32_t note) {
  const size_t size_class = (note & ((1 << kOrderShift) - 1)) - 1;
  auto* slab =
      reinterpret_cast<Slab*>(align_down(reinterpret_cast<uint64_t>(pointer), kPageSize << (note >> kOrderShift)));
  const bool was_full = slab->free == nullptr && slab->untouched == 0;
  auto* object = static_cast<Slab::FreeObject*>(pointer);
  object->next = slab->free;
  slab->free = object;
  --slab->used;
  used_ -= kSizes[size_class];
  source_.account(slab->account).object_bytes_ -= kSizes[size_class];
  if (was_full) link(size_class, slab);
  // An empty slab is freed unless it is the only slab of its class with free objects, because the class is likely to
  // need an object soon.
  if (slab->used == 0 && (slab->next != nullptr || slab->previous != nullptr)) {
    unlink(size_class, slab);
    if (slab->operation != nullptr) unlink_from_operation(slab);
    free_slab(slab);
  }
}

void Heap::free(void* pointer) {
  const PhysAddr frame =
      map_.physical(reinterpret_cast<void*>(align_down(reinterpret_cast<uint64_t>(pointer), kPageSize)));
  const uint32_t note = source_.note(frame);
  CAIRN_ASSERT(note != 0);  // 0: the object is not from this heap, or was freed before
  if (note < kLargeNote) return free_small(pointer, note);
  if ((note & kHeaderNote) != 0) {
    auto* block = map_.at<LargeBlock>(frame);
    if (block->operation != nullptr) unlink_large(block);
    return free_large(block, block->frames, block->account);
  }
  if ((note & kSingleNote) != 0) return free_large(pointer, 1, static_cast<AccountNumber>(note & ~kSingleNote));
  free_large(pointer, note - kLargeNote, static_cast<AccountNumber>(source_.note(frame + kPageSize)));
}

void Heap::release_empty_slabs(MemoryAccount& account) {
  for (size_t size_class = 0; size_class < kClasses; ++size_class) {
    for (Slab* slab = account.partial_[size_class]; slab != nullptr;) {
      Slab* const next = slab->next;
      if (slab->used == 0) {
        unlink(size_class, slab);
        free_slab(slab);
      }
      slab = next;
    }
  }
}

// --- Operations.

bool Heap::keep_portion(Operation& operation) {
  for (unsigned i = 0; i < kPortion; ++i) {
    if (Slab* const slab = operation.slabs_) {
      const size_t size_class = class_of(*slab);
      const bool has_free_object = slab->free != nullptr || slab->untouched != 0;
      if (has_free_object) unlink(size_class, slab);
      unlink_from_operation(slab);
      slab->operation = nullptr;
      // An empty slab is of no use if its class has another slab with free objects.
      if (slab->used == 0 && source_.account(slab->account).partial_[size_class] != nullptr) {
        free_slab(slab);
      } else if (has_free_object) {
        link(size_class, slab);
      }
    } else if (LargeBlock* const block = operation.large_) {
      unlink_large(block);
      block->operation = nullptr;
    } else {
      operation = {};
      return false;
    }
  }
  return true;
}

bool Heap::free_slabs(Operation& operation) {
  for (unsigned i = 0; i < kPortion; ++i) {
    Slab* const slab = operation.slabs_;
    if (slab == nullptr) return false;
    const uint64_t bytes = uint64_t{kSizes[class_of(*slab)]} * slab->used;
    used_ -= bytes;
    source_.account(slab->account).object_bytes_ -= bytes;
    unlink_from_operation(slab);
    free_slab(slab);
  }
  return true;
}

void* Heap::adopt_mapped(std::byte* block, Operation& operation) {
  link_large(std::construct_at(reinterpret_cast<LargeBlock*>(block), nullptr, nullptr, uint64_t{0}, true,
                               AccountNumber::system, &operation),
             operation);
  return block + kBlockHeader;
}

void Heap::forget_mapped(std::byte* block) {
  auto* large = reinterpret_cast<LargeBlock*>(block);
  if (large->operation != nullptr) unlink_large(large);
}

}  // namespace cairn::kernel

#include "runtime/heap/heap.hpp"

#include <algorithm>
#include <cstring>

#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {
constexpr uint64_t kCommitStep = uint64_t{1} << 20;
}

Result<std::unique_ptr<Heap>> Heap::create(const HeapConfig& config, const VMTypeInfo* const* types,
                                           VMAllocation& allocation) {
  const uint64_t bytes = std::clamp<uint64_t>(config.limit_bytes, 4 * kCommitStep, uint64_t{1} << 32) & ~(kCommitStep - 1);
  return std::unique_ptr<Heap>(new Heap(CAIRN_TRY(Platform::reserve(bytes)), types, allocation));
}

Heap::Heap(std::span<std::byte> reservation, const VMTypeInfo* const* types, VMAllocation& allocation)
    : reservation_(reservation), base_(reservation.data()), types_(types), allocation_(allocation) {
  allocation_ = {kNullGuardBytes, kNullGuardBytes};
}

Heap::~Heap() { Platform::release(reservation_); }

HeapReference Heap::allocate_bytes(uint64_t size) {
  const uint64_t end = allocation_.top + size;
  if (end > allocation_.limit) {
    const uint64_t wanted = (end + kCommitStep - 1) & ~(kCommitStep - 1);
    if (wanted > reservation_.size() ||
        !Platform::commit(reservation_.subspan(allocation_.limit, wanted - allocation_.limit))) {
      return kNullReference;
    }
    allocation_.limit = wanted;
  }
  const auto object = static_cast<HeapReference>(allocation_.top);
  allocation_.top = end;
  return object;
}

HeapReference Heap::allocate(uint32_t type_id) {
  const VMTypeInfo& type = *types_[type_id];
  const HeapReference object = allocate_bytes(type.size);
  if (object != kNullReference) at(object) = {.type_id = type_id, .flags = 0, .kind = type.kind, .reserved = 0};
  return object;
}

HeapReference Heap::allocate_array(uint32_t type_id, uint32_t length) {
  const uint32_t element = types_[type_id]->size;
  const uint64_t size = (array_data_offset(element) + uint64_t{element} * length + 7) & ~uint64_t{7};
  const HeapReference object = allocate_bytes(size);
  if (object == kNullReference) return object;
  std::memset(&at<std::byte>(object), 0, size);
  at<VMArray>(object) = {.header = {.type_id = type_id, .flags = 0, .kind = ObjectKind::array, .reserved = 0},
                         .length = length};
  return object;
}

HeapReference Heap::allocate_host_value(uint64_t value) {
  const HeapReference object = allocate_bytes(sizeof(VMHostValue));
  if (object != kNullReference) at<VMHostValue>(object) = {.header = {.kind = ObjectKind::host}, .value = value};
  return object;
}

void Heap::remember_range(HeapReference array, uint32_t offset, uint32_t) { remember(array, offset); }

void Heap::remember(HeapReference object, uint32_t) { at(object).flags &= static_cast<uint8_t>(~kBarrierFlag); }

}  // namespace cairn::runtime

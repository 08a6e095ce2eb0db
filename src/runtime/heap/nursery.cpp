#include "runtime/heap/nursery.hpp"

#include <algorithm>

#include "platform/platform.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {
constexpr uint64_t kCommitStep = 64 * 1024;  // bytes; memory is committed in multiples of this
constexpr uint64_t kSmallest = 1024 * 1024;  // bytes; the first size, and the smallest one unless the capacity is less
// Copying more bytes than this in one collection makes the pause too long, so the nursery becomes smaller.
constexpr uint64_t kManySurvivors = 1536 * 1024;
// Copying fewer bytes than this takes so little time that the nursery may become larger.
constexpr uint64_t kFewSurvivors = 640 * 1024;
}  // namespace

Nursery::Nursery(std::span<std::byte> reservation, uint64_t begin, uint64_t bytes, abi::VMAllocation& allocation)
    : reservation_(reservation),
      begin_(begin),
      capacity_(bytes),
      size_(std::min(bytes, kSmallest)),
      allocation_(allocation) {
  allocation_ = {begin, begin};
}

bool Nursery::commit(uint64_t bytes) {
  const uint64_t wanted = std::min(capacity_, (bytes + kCommitStep - 1) / kCommitStep * kCommitStep);
  if (wanted <= committed_) return true;
  if (!Platform::commit(reservation_.subspan(begin_ + committed_, wanted - committed_))) return false;
  committed_ = wanted;
  return true;
}

void Nursery::reset(uint64_t survived) {
  if (survived > kManySurvivors) {
    size_ = std::max(size_ / 2, std::min(capacity_, kSmallest));
  } else if (survived < kFewSurvivors && used() >= size_ / 2) {
    size_ = std::min(size_ * 2, capacity_);
  }
  allocation_ = {begin_, begin_};
}

}  // namespace cairn::runtime

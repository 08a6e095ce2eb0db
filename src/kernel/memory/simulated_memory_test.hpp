// RAM for the tests of this folder: an array in which physical addresses are offsets from `kStart`.
#pragma once

#include <memory>
#include <span>

#include "kernel/memory/frame_source.hpp"

namespace cairn::kernel::testing {

class Ram {
 public:
  static constexpr uint64_t kStart = 0x8000'0000;
  explicit Ram(uint64_t bytes) : bytes_(bytes), storage_(new (std::align_val_t(kLargePageSize)) std::byte[bytes]) {}
  ~Ram() { ::operator delete[](storage_, std::align_val_t(kLargePageSize)); }
  Ram(const Ram&) = delete;

  [[nodiscard]] DirectMap map() const { return DirectMap(reinterpret_cast<uint64_t>(storage_) - kStart); }
  [[nodiscard]] PhysRange range() const { return {{kStart}, bytes_}; }

 private:
  uint64_t bytes_;
  std::byte* storage_;
};

// Gives all frames of `ram` to `source`.
inline void give_all(Ram& ram, FrameSource& source, uint64_t reserve = 0) {
  const PhysRange range = ram.range();
  source.initialize(ram.map(), std::span(&range, 1), range.end(), reserve);
}
inline uint64_t free_frames(FrameSource& source) {
  return source.with([](FrameSource::State& state) { return state.frames.free_frames(); });
}

}  // namespace cairn::kernel::testing

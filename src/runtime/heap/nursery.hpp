// Where objects are born: one range, filled from its start by bumping VMAllocation::top. Compiled code is handed it in
// slices, so that memory is committed as it is needed and the collector gets to work in between.
#pragma once

#include <cstdint>
#include <span>

#include "abi/heap_layout.hpp"

namespace cairn::runtime {

class Nursery {
 public:
  // At [begin, begin + bytes) of the reservation.
  Nursery(std::span<std::byte> reservation, uint64_t begin, uint64_t bytes, abi::VMAllocation& allocation);

  // Commits the first `bytes`; false: no memory.
  [[nodiscard]] bool commit(uint64_t bytes);
  // Everything in it is gone. `survived` bytes of it were alive: fewer bytes next time if those were many.
  void reset(uint64_t survived);

  // How many bytes may be handed out before the next collection.
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] uint64_t begin() const { return begin_; }
  [[nodiscard]] uint64_t used() const { return allocation_.top - begin_; }
  [[nodiscard]] uint64_t handed_out() const { return allocation_.limit - begin_; }

 private:
  std::span<std::byte> reservation_;
  uint64_t begin_, capacity_;
  uint64_t size_;
  uint64_t committed_ = 0;
  abi::VMAllocation& allocation_;
};

}  // namespace cairn::runtime

// Nursery is the range of memory in which new objects are allocated, from its start upwards, by advancing
// VMAllocation::top. Compiled code gets it in slices, so that memory is committed only as needed, and the collector can
// do its share of work between two slices.
#pragma once

#include <cstdint>
#include <span>

#include "abi/heap_layout.hpp"

namespace cairn::runtime {

class Nursery {
 public:
  // The nursery takes [begin, begin + bytes) of the reservation.
  Nursery(std::span<std::byte> reservation, uint64_t begin, uint64_t bytes, abi::VMAllocation& allocation);

  // Commits the first `bytes`. Returns false if there is no memory.
  [[nodiscard]] bool commit(uint64_t bytes);
  // Makes the nursery empty. `survived` bytes of its objects were alive. If many bytes survived, size() becomes
  // smaller; if few did and at least half of size() was used, size() becomes larger.
  void reset(uint64_t survived);

  // The number of bytes that may be handed out before the next collection.
  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] uint64_t begin() const { return begin_; }
  // The number of bytes that objects take, and the number that VMAllocation::limit allows them to take.
  [[nodiscard]] uint64_t used() const { return allocation_.top - begin_; }
  [[nodiscard]] uint64_t handed_out() const { return allocation_.limit - begin_; }

 private:
  std::span<std::byte> reservation_;
  uint64_t begin_, capacity_;  // offset from the heap's base, and the largest number of bytes
  uint64_t size_;
  uint64_t committed_ = 0;  // number of bytes from begin_ on that are committed
  abi::VMAllocation& allocation_;
};

}  // namespace cairn::runtime

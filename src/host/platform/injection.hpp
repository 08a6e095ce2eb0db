// Makes allocations fail on purpose, for tests/injection: in debug builds every allocation of memory, address space,
// stacks and code asks here first.
#pragma once

#include <atomic>
#include <cstdint>

namespace cairn {

struct Injection {
  // Each allocation that counts lowers this number by 1. The allocation that finds 1 fails, and with `goes_on` all
  // later ones fail too. 0: none fails.
  std::atomic<uint64_t> fails_at = 0;
  std::atomic<bool> goes_on = false;
  // An operation (base/operation.hpp) ends in the same way whichever of its allocations fails, so tests need not let
  // each of them fail. Of the allocations in operations since the last allocation outside, only numbers 0,
  // operation_stride, 2 * operation_stride, ... count.
  std::atomic<uint64_t> operation_stride = 1;
  std::atomic<uint64_t> in_operation = 0;  // allocations in operations since the last allocation outside
  std::atomic<int64_t> allocations = 0;    // live allocations of operator new
  std::atomic<int64_t> mappings = 0;       // live mappings of the platform
  std::atomic<bool> has_failed = false;    // whether an allocation has failed on purpose
};

#if CAIRN_DEBUG
inline constinit Injection injection;

// Returns whether the allocation that asks must fail on purpose. `in_operation` says whether it belongs to an
// operation.
inline bool injected_failure(bool in_operation = false) {
  if (!in_operation) {
    injection.in_operation.store(0, std::memory_order_relaxed);
  } else if (injection.in_operation.fetch_add(1, std::memory_order_relaxed) %
                     injection.operation_stride.load(std::memory_order_relaxed) !=
                 0 &&
             !(injection.has_failed.load(std::memory_order_relaxed) &&
               injection.goes_on.load(std::memory_order_relaxed))) {
    return false;
  }
  uint64_t left = injection.fails_at.load(std::memory_order_relaxed);
  if (left == 0) return false;
  if (left == 1) {
    if (!injection.goes_on.load(std::memory_order_relaxed)) injection.fails_at.store(0, std::memory_order_relaxed);
    injection.has_failed.store(true, std::memory_order_relaxed);
    return true;
  }
  injection.fails_at.store(left - 1, std::memory_order_relaxed);
  return false;
}
// Count an allocation or a mapping that was made (1) or released (-1).
inline void count_allocation(int64_t more) { injection.allocations.fetch_add(more, std::memory_order_relaxed); }
inline void count_mapping(int64_t more) { injection.mappings.fetch_add(more, std::memory_order_relaxed); }
#else
inline bool injected_failure(bool = false) { return false; }
inline void count_allocation(int64_t) {}
inline void count_mapping(int64_t) {}
#endif

}  // namespace cairn

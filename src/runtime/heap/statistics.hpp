// Counters of a heap's allocations and collections, for benchmarks and tuning.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace cairn::runtime {

// A histogram of pause times with eight buckets for each power of two.
class PauseTimes {
 public:
  void add(uint64_t nanoseconds) {
    ++count_;
    total_ += nanoseconds;
    maximum_ = std::max(maximum_, nanoseconds);
    ++buckets_[bucket_of(nanoseconds)];
  }
  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] uint64_t total() const { return total_; }  // nanoseconds, like all times here
  [[nodiscard]] uint64_t maximum() const { return maximum_; }
  // Returns a time that `per_mille` thousandths of the pauses did not exceed, accurate to an eighth.
  [[nodiscard]] uint64_t quantile(uint64_t per_mille) const {
    uint64_t left = (count_ * per_mille + 999) / 1000;
    for (unsigned i = 0; i < kBuckets; ++i) {
      if (buckets_[i] >= left) return std::min(maximum_, end_of(i));
      left -= buckets_[i];
    }
    return maximum_;
  }

 private:
  static constexpr unsigned kBuckets = 8 * 61;  // enough for times below 2^63 nanoseconds
  static unsigned bucket_of(uint64_t value) {
    if (value < 8) return static_cast<unsigned>(value);
    const auto exponent = static_cast<unsigned>(std::bit_width(value)) - 4;
    return (exponent + 1) * 8 + static_cast<unsigned>(value >> exponent & 7);
  }
  static uint64_t end_of(unsigned bucket) {
    if (bucket < 16) return bucket;
    const unsigned exponent = bucket / 8 - 1;
    return ((uint64_t{8} + bucket % 8 + 1) << exponent) - 1;
  }
  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0, total_ = 0, maximum_ = 0;
};

struct HeapStatistics {
  uint64_t minor_collections = 0;  // number of collections of the nursery, alone or as a part of full collections
  uint64_t major_collections = 0;  // number of markings of the whole heap, in steps or at once
  uint64_t full_collections = 0;   // number of major collections that ran at once
  uint64_t allocated_bytes = 0;    // bytes of objects that the guest or the host has allocated
  uint64_t promoted_bytes = 0;     // bytes of objects that survived the nursery
  uint64_t live_bytes = 0;         // bytes of lines and blocks in use after the last major collection
  uint64_t roots_visited = 0;      // number of visits to roots
  PauseTimes pauses;               // times of minor collections, steps of marking, and full collections
};

}  // namespace cairn::runtime

// Damages modules at random. A seed gives the same damage on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::mutations {

// The random number generator xorshift64*.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 0x2545f4914f6cdd1d) {}
  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d;
  }
  // Returns a number below `bound`, which is not zero.
  uint64_t below(uint64_t bound) { return next() % bound; }

 private:
  uint64_t state_;
};

// Returns a copy of the module with one to four changes. A change flips a bit, replaces bytes (often by values that
// mean something in the format), inserts, removes or copies bytes, or cuts off the end. Most changes leave the magic
// number and the version as they are, so that the decoder gets as far as the damage.
std::vector<std::byte> mutate(const std::vector<std::byte>& module, uint64_t seed);

}  // namespace cairn::mutations

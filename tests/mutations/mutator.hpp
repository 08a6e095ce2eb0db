// Random damage to modules, the same for a seed everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::mutations {

// xorshift64*: small and good enough.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 0x2545f4914f6cdd1d) {}
  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d;
  }
  // Below `bound`, which is not zero.
  uint64_t below(uint64_t bound) { return next() % bound; }

 private:
  uint64_t state_;
};

// A copy with one to four changes: bits flipped, bytes replaced (often by values that mean something), inserted,
// removed, copied from elsewhere, or the end cut off. Magic and version mostly survive, so that the damage is met
// further in.
std::vector<std::byte> mutate(const std::vector<std::byte>& module, uint64_t seed);

}  // namespace cairn::mutations

// Makes allocations fail on purpose, to prove that nothing depends on their success (kernel/testing/injection.hpp).
#pragma once

#include <cstdint>

namespace cairn::kernel {

// Counts the allocations that may fail: promises of frames, and heap objects and frames with Claim::fallible.
class InjectedFailure {
 public:
  enum class Extent : uint8_t { one, all_that_follow };

  // From now on, the `number`-th attempt fails (counted from 1), and with Extent::all_that_follow all later ones too.
  // If `number` is 0, no attempt fails, but attempts are counted.
  void arm(uint64_t number, Extent extent) {
    *this = InjectedFailure{}, fails_at_ = number, extent_ = extent, counts_ = true;
  }
  void disarm() { counts_ = false; }

  // Counts an attempt, if armed, and returns whether it must fail.
  bool next() {
    if (!counts_) return false;
    ++attempts_;
    const bool fails =
        fails_at_ != 0 && (attempts_ == fails_at_ || (attempts_ > fails_at_ && extent_ == Extent::all_that_follow));
    failures_ += fails ? 1 : 0;
    return fails;
  }
  [[nodiscard]] uint64_t attempts() const { return attempts_; }
  [[nodiscard]] uint64_t failures() const { return failures_; }

 private:
  bool counts_ = false;
  Extent extent_ = Extent::one;
  uint64_t fails_at_ = 0;
  uint64_t attempts_ = 0;
  uint64_t failures_ = 0;
};

}  // namespace cairn::kernel

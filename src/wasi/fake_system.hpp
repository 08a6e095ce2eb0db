// A System for tests. Its time advances only in sleep_until().
#pragma once

#include <algorithm>

#include "wasi/interface/file.hpp"

namespace cairn::wasi {

class FakeSystem final : public System {
 public:
  uint64_t now(ClockId clock) override { return clock == ClockId::realtime ? time + kEpoch : time; }
  uint64_t resolution(ClockId) override { return 1; }
  Errno fill_random(std::span<std::byte> bytes) override {
    for (std::byte& b : bytes) b = std::byte{0x5a};
    return has_entropy ? Errno::success : Errno::io;
  }
  void sleep_until(uint64_t monotonic_nanoseconds) override { time = std::max(time, monotonic_nanoseconds); }
  void yield() override { ++yields; }

  // Nanoseconds from 1970 to the start of the monotonic clock.
  static constexpr uint64_t kEpoch = 1'600'000'000'000'000'000;
  uint64_t time = 1000;  // nanoseconds of the monotonic clock
  int yields = 0;
  bool has_entropy = true;
};

}  // namespace cairn::wasi

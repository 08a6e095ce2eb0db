// Finds a CPU that does not take its timer's interrupts any more, because it loops with interrupts off or hangs.
//
// The other CPUs look at it every kInterval. A CPU is lost when it was late at kLooks looks, one after the other. If
// the looks themselves come late, all of them are forgotten: the machine was stopped, or its host is busy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace cairn::kernel {

// Times are nanoseconds since boot.
template <size_t kCpus>
class Watchdog {
 public:
  static constexpr uint64_t kNever = ~uint64_t{0};
  static constexpr uint64_t kInterval = 500'000'000;
  static constexpr unsigned kLooks = 5;
  // How long after its time an interrupt is late.
  static constexpr uint64_t kLate = 100'000'000;

  // When the next look is due.
  [[nodiscard]] uint64_t next_look() const { return last_ + kInterval; }

  // Looks at the first `count` CPUs. due(i) is the time for which CPU i has requested its timer's interrupt; kNever: it
  // has requested none. Returns the number of a CPU that is lost.
  template <class Due>
  std::optional<size_t> look(uint64_t now, size_t count, Due&& due) {
    if (now - last_ > 2 * kInterval) looks_ = {};
    last_ = now;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t time = due(i);
      looks_[i] = time == kNever || now < time || now - time < kLate ? 0 : looks_[i] + 1;
      if (looks_[i] == kLooks) return i;
    }
    return std::nullopt;
  }

 private:
  uint64_t last_ = 0;
  std::array<uint8_t, kCpus> looks_{};  // how often the CPU was late, one look after the other
};

}  // namespace cairn::kernel

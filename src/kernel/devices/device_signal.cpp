#include "kernel/devices/device_signal.hpp"

#include <algorithm>

#include "kernel/time/clock.hpp"

namespace cairn::kernel {
namespace {

constexpr uint64_t kLongestWait = 1'000'000'000;  // nanoseconds
constexpr unsigned kQuickLooks = 64;  // looks that follow each other at once, for devices without an interrupt

constinit std::atomic<uint64_t> handled{0}, missed{0};

}  // namespace

DeviceInterrupts device_interrupts() { return {.handled = handled, .missed = missed}; }

void DeviceSignal::handle_interrupt() {
  handled.fetch_add(1, std::memory_order_relaxed);
  count_.fetch_add(1);
  unpark_in_interrupt(count_);
}

DeviceWait::~DeviceWait() {
  if (has_waited_in_vain_) missed.fetch_add(1, std::memory_order_relaxed);
}

void DeviceWait::wait(uint64_t deadline) {
  const uint64_t now = nanoseconds_since_boot();
  has_waited_in_vain_ = false;
  if (const uint64_t longest = signal_.longest_pause_; longest != 0) {
    if (rounds_++ < kQuickLooks) return;
    (void)park_while(signal_.count_, seen_, std::min(deadline, now + pause_), ends_with_time_);
    pause_ = std::min(pause_ * 2, longest);
  } else {
    const uint64_t end = now + kLongestWait;
    (void)park_while(signal_.count_, seen_, std::min(deadline, end), ends_with_time_);
    has_waited_in_vain_ = signal_.count_ == seen_ && nanoseconds_since_boot() >= end;
  }
  seen_ = signal_.count_;
}

}  // namespace cairn::kernel

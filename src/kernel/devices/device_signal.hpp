// How fibers wait for devices. A device's interrupt raises a signal, which wakes all fibers that wait for the signal.
//
// A fiber that waits begins a DeviceWait, looks whether it still has to wait, and if so calls wait(). The wait ends at
// once if the signal was raised after the look began, so no interrupt is missed, however the look and the interrupt
// overlap. An interrupt may also come when nothing has happened, so the fiber looks again after each wait:
//
//     for (DeviceWait wait(signal); !has_happened(); wait.wait()) {}
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "kernel/devices/interrupt.hpp"
#include "kernel/fibers/scheduler.hpp"

namespace cairn::kernel {

class DeviceSignal final : public InterruptHandler {
 public:
  // Notes that one of the devices has no interrupt. Fibers then look again and again instead, less and less often; the
  // longest time between two looks is `pause`, in nanoseconds.
  void begin_polling(uint64_t pause = 1'000'000) { longest_pause_ = pause; }

  void handle_interrupt() override;

 private:
  friend class DeviceWait;
  std::atomic<uint32_t> count_{0};          // how often the signal was raised
  std::atomic<uint64_t> longest_pause_{0};  // 0: all devices interrupt
};

class DeviceWait {
 public:
  // `ends_with_time` says whether the fiber's limits end its waits, too. If so, the caller's loop must end when the
  // fiber is over a limit.
  explicit DeviceWait(DeviceSignal& signal, EndsWithTime ends_with_time)
      : signal_(signal), ends_with_time_(ends_with_time), seen_(signal.count_.load()) {}
  ~DeviceWait();
  DeviceWait(const DeviceWait&) = delete;
  DeviceWait& operator=(const DeviceWait&) = delete;

  // Waits until the signal is raised, or was since the construction or the last call; until `deadline` (nanoseconds
  // since boot) at most. Returns after a second in any case, so that an interrupt that never comes costs no more.
  void wait(uint64_t deadline = Fiber::kNever);

 private:
  DeviceSignal& signal_;
  EndsWithTime ends_with_time_;
  uint32_t seen_;                    // the signal's count when the caller's last look began
  bool has_waited_in_vain_ = false;  // whether the last wait ended after a second
  unsigned rounds_ = 0;              // if the signal polls: the number of waits so far
  uint64_t pause_ = 20'000;          // if the signal polls: the length of the next wait, in nanoseconds
};

// Counts since boot.
struct DeviceInterrupts {
  uint64_t handled = 0;  // interrupts that raised a signal
  uint64_t missed = 0;   // waits for a device that were over only because a second had passed
};
DeviceInterrupts device_interrupts();

}  // namespace cairn::kernel

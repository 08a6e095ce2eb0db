// The CPUs that firmware reports, by the numbers that the hardware gives them: APIC ids on x86-64, hart ids on RISC-V.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cairn::kernel {

class CpuList {
 public:
  static constexpr size_t kCapacity = 64;  // the most CPUs in a list

  // Adds a CPU. A number that is in the list already is ignored; a CPU for which there is no place is only counted.
  void add(uint64_t number) {
    if (std::ranges::contains(numbers(), number)) return;
    if (count_ == kCapacity) {
      ++left_out_;
    } else {
      numbers_[count_++] = number;
    }
  }
  // Counts a CPU that the kernel cannot use.
  void leave_out() { ++left_out_; }

  // Returns the list without one CPU.
  [[nodiscard]] CpuList without(uint64_t number) const {
    CpuList result;
    result.left_out_ = left_out_;
    for (const uint64_t other : numbers()) {
      if (other != number) result.add(other);
    }
    return result;
  }

  // The numbers, each once, in the order in which they were added.
  [[nodiscard]] std::span<const uint64_t> numbers() const { return {numbers_.data(), count_}; }
  // How many CPUs the firmware reports besides those in the list.
  [[nodiscard]] size_t left_out() const { return left_out_; }

 private:
  std::array<uint64_t, kCapacity> numbers_{};
  size_t count_ = 0;
  size_t left_out_ = 0;
};

}  // namespace cairn::kernel

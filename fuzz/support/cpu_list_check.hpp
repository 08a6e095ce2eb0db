// Checks of lists of CPUs that the kernel has made. What they demand holds whatever the firmware reported.
#pragma once

#include "kernel/boot/cpu_list.hpp"
#include "support/check.hpp"

namespace cairn::fuzz {

inline void check_cpus(const kernel::CpuList& cpus) {
  const auto numbers = cpus.numbers();
  check(numbers.size() <= kernel::CpuList::kCapacity, "a list of CPUs is too long");
  for (size_t i = 0; i < numbers.size(); ++i) {
    check(std::ranges::count(numbers, numbers[i]) == 1, "a CPU is listed twice");
  }
}

}  // namespace cairn::fuzz

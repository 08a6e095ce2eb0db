// Takes entropy from the CPU by RDSEED and RDRAND.
#include <cstring>

#include "kernel/boot/boot_info.hpp"
#include "kernel/machine.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::machine {

const std::string_view kEntropySource = "the CPU";

size_t hardware_entropy(const BootInfo&, std::span<std::byte> out) {
  const bool has_rdrand = (cpuid(1).ecx >> 30 & 1) != 0;
  const bool has_rdseed = cpuid(0).eax >= 7 && (cpuid(7).ebx >> 18 & 1) != 0;
  size_t filled = 0;
  uint64_t previous = 0;
  // RDSEED is tried at most 500 times, RDRAND for the rest of the 1000 attempts.
  for (int attempts = 0; (has_rdrand || has_rdseed) && filled < out.size() && attempts < 1000; ++attempts) {
    uint64_t value;
    uint8_t good;
    if (has_rdseed && attempts < 500) {
      asm volatile("rdseed %0; setc %1" : "=r"(value), "=qm"(good) : : "cc");
    } else if (has_rdrand) {
      asm volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(good) : : "cc");
    } else {
      break;
    }
    // Some CPUs have a broken generator that always reports success with the same number.
    if (good == 0 || value == previous || value == ~uint64_t{0}) continue;
    previous = value;
    const size_t count = std::min(sizeof value, out.size() - filled);
    std::memcpy(out.data() + filled, &value, count);
    filled += count;
  }
  return filled;
}

}  // namespace cairn::kernel::machine

// What this CPU is and can do.
#include "port/cpu.hpp"

#include "kernel/cpu_features.hpp"
#include "kernel/machine.hpp"

namespace cairn::kernel {

// AVX needs the kernel to switch its state on, if the CPU has XSAVE at all [sdm 1 13.5].
void enable_vector_state() {
  constexpr uint64_t kOsXsave = 1 << 18;
  if ((cpuid(1).ecx >> 26 & 1) == 0) return;
  write_cr4(read_cr4() | kOsXsave);
  uint32_t mask = 3;  // x87, SSE
  if ((cpuid(1).ecx >> 28 & 1) != 0) mask |= 4;
  asm volatile("xsetbv" : : "a"(mask), "d"(0), "c"(0));
}

compiler::CpuFeatures detect_cpu_features() {
  compiler::CpuFeatures features;
  const CpuidResult basic = cpuid(1);
  auto bit = [](uint32_t word, unsigned number) { return (word >> number & 1) != 0; };
  features.sse42 = bit(basic.ecx, 20);
  features.popcnt = bit(basic.ecx, 23);
  features.avx = bit(basic.ecx, 28) && bit(basic.ecx, 26);
  features.fma = bit(basic.ecx, 12) && features.avx;
  if (cpuid(0).eax >= 7) {
    const CpuidResult extended = cpuid(7);
    features.bmi1 = bit(extended.ebx, 3);
    features.avx2 = bit(extended.ebx, 5) && features.avx;
    features.bmi2 = bit(extended.ebx, 8);
  }
  if (cpuid(0x8000'0000).eax >= 0x8000'0001) features.lzcnt = bit(cpuid(0x8000'0001).ecx, 5);
  return features;
}

}  // namespace cairn::kernel

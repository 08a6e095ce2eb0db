// Detects the features of this CPU.
#include "port/cpu.hpp"

#include <atomic>

#include "kernel/cpu_features.hpp"
#include "kernel/machine.hpp"

namespace cairn::kernel {
namespace {

constexpr uint64_t kOsXsave = 1 << 18;  // the bit of CR4 that enables XSAVE [sdm 3A 2.5]

// Whether the kernel has enabled AVX's state (enable_vector_state).
bool has_avx_state() {
  if ((read_cr4() & kOsXsave) == 0) return false;
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & 6) == 6;
}

// Whether the CPUs have the indirect branch predictor barrier: by Intel's bit [sdm 2A 3.3, CPUID leaf 7] or by AMD's
// [amd-ibc].
bool has_branch_barrier() {
  if (cpuid(0).eax >= 7 && (cpuid(7).edx >> 26 & 1) != 0) return true;
  return cpuid(0x8000'0000).eax >= 0x8000'0008 && (cpuid(0x8000'0008).ebx >> 12 & 1) != 0;
}

// CPUID is slow in virtual machines, so the answer is kept.
enum class Barrier : uint8_t { unknown, absent, present };
constinit std::atomic<Barrier> branch_barrier{Barrier::unknown};

}  // namespace

namespace machine {

void forget_branches() {
  constexpr uint32_t kPredictorCommand = 0x49;  // the model-specific register IA32_PRED_CMD [sdm 4 2.1]
  constexpr uint64_t kBarrier = 1;              // IBPB
  Barrier known = branch_barrier.load(std::memory_order_relaxed);
  if (known == Barrier::unknown) {
    known = has_branch_barrier() ? Barrier::present : Barrier::absent;
    branch_barrier.store(known, std::memory_order_relaxed);
  }
  if (known == Barrier::present) write_msr(kPredictorCommand, kBarrier);
}

}  // namespace machine

// AVX works only if the kernel enables its state [sdm 1 13.5]. An emulated CPU of QEMU's may report XSAVE although
// CPUID has no leaf 0xd, or EAX is 0 in subleaf 1 of that leaf. Such a CPU refuses to enable the state, so the state
// stays off.
void enable_vector_state() {
  constexpr uint32_t kLeaf = 0xd;
  if ((cpuid(1).ecx >> 26 & 1) == 0 || cpuid(0).eax < kLeaf || cpuid(kLeaf, 1).eax == 0) return;
  constexpr uint32_t kX87 = 1, kSse = 2, kAvx = 4;  // bits of XCR0
  const uint32_t states = cpuid(kLeaf).eax;
  if ((states & (kX87 | kSse)) != (kX87 | kSse)) return;
  write_cr4(read_cr4() | kOsXsave);
  const uint32_t mask = kX87 | kSse | ((cpuid(1).ecx >> 28 & 1) != 0 ? states & kAvx : 0);
  asm volatile("xsetbv" : : "a"(mask), "d"(0), "c"(0));
}

compiler::CpuFeatures detect_cpu_features() {
  compiler::CpuFeatures features;
  const CpuidResult basic = cpuid(1);
  auto bit = [](uint32_t word, unsigned number) { return (word >> number & 1) != 0; };
  features.sse42 = bit(basic.ecx, 20);
  features.popcnt = bit(basic.ecx, 23);
  features.avx = bit(basic.ecx, 28) && has_avx_state();
  features.fma = bit(basic.ecx, 12) && features.avx;
  if (cpuid(0).eax >= 7) {
    const CpuidResult extended = cpuid(7);
    features.bmi1 = bit(extended.ebx, 3);
    features.avx2 = bit(extended.ebx, 5) && features.avx;
    // No real CPU has BMI2 without BMI1. QEMU can emulate one, but then BMI2's shifts do not work.
    features.bmi2 = features.bmi1 && bit(extended.ebx, 8);
  }
  if (cpuid(0x8000'0000).eax >= 0x8000'0001) features.lzcnt = bit(cpuid(0x8000'0001).ecx, 5);
  return features;
}

}  // namespace cairn::kernel

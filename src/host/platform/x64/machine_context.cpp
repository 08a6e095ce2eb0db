#include "platform/machine_context.hpp"

#include <cpuid.h>

#include "platform/platform.hpp"

namespace cairn::platform {

runtime::MachineFault read_fault(const ucontext_t& context) {
  runtime::MachineFault fault;
  fault.pc = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
  fault.stack_pointer = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RSP]);
  return fault;
}

void continue_at(ucontext_t& context, uintptr_t pc, uintptr_t stack_pointer) {
  context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(pc);
  context.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(stack_pointer);
}

void Platform::resume(const void* pc, const std::byte* stack_pointer) {
  asm volatile("movq %0, %%rsp\n\tjmpq *%1" : : "r"(stack_pointer), "r"(pc) : "memory");
  __builtin_unreachable();
}

compiler::CpuFeatures Platform::cpu_features() {
  compiler::CpuFeatures features;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) != 0) {
    features.sse42 = (c & bit_SSE4_2) != 0;
    features.popcnt = (c & bit_POPCNT) != 0;
    // AVX state must be enabled by the operating system as well: XCR0 bits 1 and 2 [sdm 1 14.3].
    if ((c & bit_OSXSAVE) != 0 && (c & bit_AVX) != 0) {
      uint32_t low = 0, high = 0;
      asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
      features.avx = (low & 6) == 6;
    }
    features.fma = features.avx && (c & bit_FMA) != 0;
  }
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0) {
    features.bmi1 = (b & bit_BMI) != 0;
    features.bmi2 = features.bmi1 && (b & bit_BMI2) != 0;  // kernel/arch/x64/cpu.cpp has the reason
    features.avx2 = features.avx && (b & bit_AVX2) != 0;
  }
  if (__get_cpuid(0x8000'0001, &a, &b, &c, &d) != 0) features.lzcnt = (c & bit_LZCNT) != 0;
  return features;
}

}  // namespace cairn::platform

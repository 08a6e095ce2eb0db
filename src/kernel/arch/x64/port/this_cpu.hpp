// The record of the running CPU, which the base of the segment register GS points to. Guest code does not use GS.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::kernel {

struct Cpu;

// The result is wrong after the running fiber has waited or was preempted, because another CPU may run it then.
inline Cpu& this_cpu() {
  Cpu* cpu;
  asm volatile("movq %%gs:0, %0" : "=r"(cpu));
  return *cpu;
}

// Returns the word at an offset of the record.
template <size_t kOffset>
uint64_t load_from_this_cpu() {
  uint64_t word;
  asm volatile("movq %%gs:%c1, %0" : "=r"(word) : "i"(kOffset));
  return word;
}

}  // namespace cairn::kernel

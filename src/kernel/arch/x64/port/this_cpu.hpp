// The record of the running CPU, which the base of the segment register GS points to. Guest code does not use GS.
#pragma once

namespace cairn::kernel {

struct Cpu;

// The result is wrong after the running fiber has waited, because another CPU may run it then.
inline Cpu& this_cpu() {
  Cpu* cpu;
  asm volatile("movq %%gs:0, %0" : "=r"(cpu));
  return *cpu;
}

}  // namespace cairn::kernel

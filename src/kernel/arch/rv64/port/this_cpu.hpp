// The record of the running CPU, which the register tp points to. Guest code does not use tp.
#pragma once

namespace cairn::kernel {

struct Cpu;

// The result is wrong after the running fiber has waited, because another CPU may run it then.
inline Cpu& this_cpu() {
  Cpu* cpu;
  asm volatile("mv %0, tp" : "=r"(cpu));
  return *cpu;
}

}  // namespace cairn::kernel

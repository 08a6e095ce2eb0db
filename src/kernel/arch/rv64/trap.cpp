// Classifies exceptions and passes them to generic code.
#include "kernel/trap/trap.hpp"

#include "kernel/fibers/scheduler.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/panic.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/trap_stacks.hpp"
#include "port/cpu.hpp"
#include "port/trap_frame.hpp"

extern "C" const std::byte trap_entry[];

namespace cairn::kernel {
namespace {

// The names of the exceptions by their numbers in scause.
constexpr const char* kNames[16] = {"misaligned instruction address",
                                    "instruction access fault",
                                    "illegal instruction",
                                    "breakpoint",
                                    "misaligned load",
                                    "load access fault",
                                    "misaligned store",
                                    "store access fault",
                                    "call from user mode",
                                    "call from supervisor mode",
                                    "exception 10",
                                    "exception 11",
                                    "instruction page fault",
                                    "load page fault",
                                    "exception 14",
                                    "store page fault"};

}  // namespace

void write_registers(const TrapFrame& frame) {
  constexpr const char* kRegisters[32] = {"pc ", "ra ", "sp ", "gp ", "tp ", "t0 ", "t1 ", "t2 ", "s0 ", "s1 ", "a0 ",
                                          "a1 ", "a2 ", "a3 ", "a4 ", "a5 ", "a6 ", "a7 ", "s2 ", "s3 ", "s4 ", "s5 ",
                                          "s6 ", "s7 ", "s8 ", "s9 ", "s10", "s11", "t3 ", "t4 ", "t5 ", "t6 "};
  for (size_t i = 0; i < 32; i += 4) {
    LogLine line;
    for (size_t j = i; j < i + 4; ++j)
      line << "  " << kRegisters[j] << " " << Hex{j == 0 ? frame.pc : frame.registers[j]};
    line << "\n";
    write_raw(line.text());
  }
  LogLine line;
  line << "  scause " << Hex{frame.cause} << "  stval " << Hex{frame.address} << "  sstatus " << Hex{frame.status}
       << "\n";
  write_raw(line.text());
}

extern "C" void cairn_trap(TrapFrame& frame) {
  Fault fault;
  fault.machine.pc = frame.pc;
  fault.machine.stack_pointer = frame.registers[2];
  fault.machine.return_register = frame.registers[1];
  constexpr uint64_t kTimerInterrupt = uint64_t{1} << 63 | 5;  // [riscv-priv 10.1.8]
  if (frame.cause == kTimerInterrupt) {
    machine::set_timer(~uint64_t{0});  // otherwise the interrupt would come again at once
    handle_timer_interrupt(fault.machine, frame);
    return;
  }
  constexpr uint64_t kSoftwareInterrupt = uint64_t{1} << 63 | 1;  // sent by another CPU (IPI)
  if (frame.cause == kSoftwareInterrupt) {
    CAIRN_CSR_CLEAR(sip, 1 << 1);
    handle_cpu_interrupt(fault.machine, frame);
    return;
  }
  constexpr uint64_t kExternalInterrupt = uint64_t{1} << 63 | 9;  // of a device
  if (frame.cause == kExternalInterrupt) {
    machine::handle_external_interrupts();
    handle_device_interrupt(fault.machine, frame);
    return;
  }
  fault.name = frame.cause < 16 ? kNames[frame.cause] : "unexpected interrupt";
  switch (frame.cause) {  // [riscv-priv 10.1.8]
    case 1:
    case 5:
    case 7:
    case 12:
    case 13:
    case 15:
      fault.machine.kind = runtime::FaultKind::access;
      fault.machine.address = frame.address;
      fault.execute = frame.cause == 1 || frame.cause == 12;
      fault.write = frame.cause == 7 || frame.cause == 15;
      break;
    case 2:
    case 3:  // a breakpoint: guest code may trap by ebreak, too
      fault.machine.kind = runtime::FaultKind::illegal_instruction;
      break;
    default: panic_at(fault.name, frame);
  }
  handle_fault(fault, frame);
}

namespace machine {

void set_up_traps(Cpu& cpu, std::byte* stacks) {
  asm volatile("mv tp, %0" : : "r"(&cpu) : "memory");
  // trap.S finds this structure at the top of both stacks.
  struct StackTop {
    Cpu* cpu;
    StackTop* emergency_stack;
  };
  auto* const trap = reinterpret_cast<StackTop*>(stacks + TrapStacks::kStride) - 1;
  auto* const emergency = reinterpret_cast<StackTop*>(stacks + 2 * TrapStacks::kStride) - 1;
  *trap = *emergency = {&cpu, emergency};
  CAIRN_CSR_WRITE(sie, 0);
  CAIRN_CSR_WRITE(sscratch, reinterpret_cast<uint64_t>(trap));
  CAIRN_CSR_WRITE(stvec, reinterpret_cast<uint64_t>(trap_entry));
  CAIRN_CSR_SET(sstatus, uint64_t{1} << 13);  // floating point: on, initial
}

}  // namespace machine
}  // namespace cairn::kernel

// Descriptor tables, and what the exceptions mean.
#include "kernel/trap/trap.hpp"

#include <array>

#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/panic.hpp"
#include "port/cpu.hpp"
#include "port/trap_frame.hpp"
#include "port/interrupts.hpp"

extern "C" const std::byte trap_entries[];  // 16 bytes each

namespace cairn::kernel {
namespace {

constexpr size_t kVectors = 34;
constexpr size_t kStackSize = 32 * 1024;
constexpr uint16_t kCode = 8, kData = 16, kTask = 24;

struct [[gnu::packed]] TaskState {
  uint32_t reserved0;
  uint64_t stack[3];
  uint64_t reserved1;
  uint64_t interrupt_stack[7];
  uint64_t reserved2;
  uint16_t reserved3;
  uint16_t io_map;
};
static_assert(sizeof(TaskState) == 104);

struct Gate {
  uint16_t offset_low;
  uint16_t selector;
  uint16_t stack_and_type;
  uint16_t offset_middle;
  uint32_t offset_high;
  uint32_t reserved;
};
static_assert(sizeof(Gate) == 16);

// What each CPU has of its own; the first CPU's is static, the others' will come from the heap.
struct CpuTables {
  std::array<uint64_t, 5> segments;
  TaskState task;
  alignas(16) std::byte fault_stack[kStackSize];
  alignas(16) std::byte double_fault_stack[kStackSize];
  alignas(16) std::byte nmi_stack[kStackSize];
};

constinit CpuTables boot_cpu{};
constinit std::array<Gate, kVectors> gates{};

struct [[gnu::packed]] TablePointer {
  uint16_t limit;
  uint64_t base;
};

uint64_t top_of(const std::byte (&stack)[kStackSize]) { return reinterpret_cast<uint64_t>(stack) + kStackSize; }

void load_tables(CpuTables& tables) {
  tables.task.interrupt_stack[0] = top_of(tables.fault_stack);
  tables.task.interrupt_stack[1] = top_of(tables.double_fault_stack);
  tables.task.interrupt_stack[2] = top_of(tables.nmi_stack);
  tables.task.io_map = sizeof(TaskState);
  const auto task = reinterpret_cast<uint64_t>(&tables.task);
  tables.segments = {0, 0x00af'9b00'0000'ffff, 0x00cf'9300'0000'ffff,
                     (sizeof(TaskState) - 1) | (task & 0xff'ffff) << 16 | uint64_t{0x89} << 40 | (task >> 24 & 0xff) << 56,
                     task >> 32};
  const TablePointer segments{sizeof tables.segments - 1, reinterpret_cast<uint64_t>(tables.segments.data())};
  const TablePointer interrupts{sizeof gates - 1, reinterpret_cast<uint64_t>(gates.data())};
  asm volatile(
      "lgdt %0\n\t"
      "lidt %1\n\t"
      "pushq %2\n\t"
      "leaq 1f(%%rip), %%rax\n\t"
      "pushq %%rax\n\t"
      "lretq\n"
      "1:\n\t"
      "movl %3, %%eax\n\t"
      "movw %%ax, %%ds\n\t"
      "movw %%ax, %%es\n\t"
      "movw %%ax, %%ss\n\t"
      "ltr %w4"
      :
      : "m"(segments), "m"(interrupts), "i"(kCode), "i"(kData), "r"(kTask)
      : "rax", "memory");
}

constexpr const char* kNames[32] = {"divide error", "debug exception", "non-maskable interrupt", "breakpoint", "overflow",
                                    "bound range exceeded", "illegal instruction", "device not available", "double fault",
                                    "coprocessor overrun", "invalid task state", "segment not present", "stack fault",
                                    "general protection fault", "page fault", "reserved exception", "x87 error",
                                    "alignment check", "machine check", "SIMD error", "virtualization exception",
                                    "control protection", "exception 22", "exception 23", "exception 24", "exception 25",
                                    "exception 26", "exception 27", "exception 28", "exception 29", "exception 30",
                                    "exception 31"};

}  // namespace

void write_registers(const TrapFrame& frame) {
  constexpr const char* kRegisters[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                          "r8 ", "r9 ", "r10", "r11", "r12", "r13", "r14", "r15"};
  for (size_t i = 0; i < 16; i += 4) {
    LogLine line;
    for (size_t j = i; j < i + 4; ++j) {
      line << "  " << kRegisters[j] << " " << Hex{j == 4 ? frame.stack_pointer : frame.registers[j]};
    }
    line << "\n";
    write_raw(line.text());
  }
  LogLine line;
  line << "  rip " << Hex{frame.pc} << "  flags " << Hex{frame.flags} << "  error " << Hex{frame.error} << "  cr2 "
       << Hex{read_cr2()} << "\n";
  write_raw(line.text());
}

extern "C" void cairn_trap(TrapFrame& frame) {
  if (frame.vector >= 32) {
    if (frame.vector != kTimerVector) return;
    machine::end_of_interrupt();
    runtime::MachineFault where;
    where.pc = frame.pc;
    where.stack_pointer = frame.stack_pointer;
    handle_timer(where, frame);
    return;
  }
  Fault fault;
  fault.name = kNames[frame.vector];
  fault.machine.pc = frame.pc;
  fault.machine.stack_pointer = frame.stack_pointer;
  switch (frame.vector) {
    case 0:  // also the overflow of a division
      fault.machine.kind = runtime::FaultKind::arithmetic;
      break;
    case 6:
      fault.machine.kind = runtime::FaultKind::illegal_instruction;
      break;
    case 12:  // an address that is not canonical, by the stack pointer
    case 13:  // the same by another register
      fault.machine.kind = runtime::FaultKind::access;
      fault.machine.address = ~uint64_t{0};
      break;
    case 14:
      fault.machine.kind = runtime::FaultKind::access;
      fault.machine.address = read_cr2();
      fault.write = (frame.error & 2) != 0;
      fault.execute = (frame.error & 16) != 0;
      break;
    default:
      panic_at(fault.name, frame);
  }
  handle_fault(fault, frame);
}

namespace machine {

void set_up_traps() {
  for (size_t i = 0; i < kVectors; ++i) {
    const uint64_t entry = reinterpret_cast<uint64_t>(trap_entries) + i * 16;
    const uint16_t stack = i == 8 ? 2 : i == 2 || i == 18 ? 3 : 1;
    gates[i] = {static_cast<uint16_t>(entry), kCode, static_cast<uint16_t>(stack | 0x8e00),
                static_cast<uint16_t>(entry >> 16), static_cast<uint32_t>(entry >> 32), 0};
  }
  load_tables(boot_cpu);
}

}  // namespace machine
}  // namespace cairn::kernel

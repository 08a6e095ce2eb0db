// Sets up descriptor tables, classifies exceptions and passes them to generic code.
#include "kernel/trap/trap.hpp"

#include <array>

#include "kernel/fibers/scheduler.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/panic.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/trap_stacks.hpp"
#include "port/cpu.hpp"
#include "port/trap_frame.hpp"

extern "C" const std::byte trap_entries[];  // an entry of 16 bytes for each vector

namespace cairn::kernel {
namespace {

constexpr size_t kVectors = 256;
// The used entries of the interrupt stack table [sdm 3A 7.14.5].
enum Ist : uint16_t { common = 1, double_fault = 2, non_maskable = 3, machine_check = 4 };
constexpr uint16_t kCode = 8, kData = 16, kTask = 24;  // selectors of the segments in CpuTables::segments

struct Gate {
  uint16_t offset_low;
  uint16_t selector;
  uint16_t stack_and_type;
  uint16_t offset_middle;
  uint32_t offset_high;
  uint32_t reserved;
};
static_assert(sizeof(Gate) == 16);

constinit std::array<Gate, kVectors> gates{};

struct [[gnu::packed]] TablePointer {
  uint16_t limit;
  uint64_t base;
};

// Puts the address of the CPU's record at the end of trap stack `number`, and returns the stack pointer with which the
// CPU enters traps on it.
uint64_t prepare_trap_stack(Ist number, Cpu& cpu, std::byte* stacks) {
  std::byte* const end = stacks + number * TrapStacks::kStride - 16;  // aligned, as the CPU would make it
  *reinterpret_cast<Cpu**>(end) = &cpu;
  return reinterpret_cast<uint64_t>(end);
}

// Makes the CPU use its own descriptor tables and task state, with the trap stacks that begin at `stacks`.
void load_tables(Cpu& cpu, std::byte* stacks) {
  CpuTables& tables = cpu.tables;
  for (const Ist number : {Ist::common, Ist::double_fault, Ist::non_maskable, Ist::machine_check})
    tables.task.interrupt_stack[number - 1] = prepare_trap_stack(number, cpu, stacks);
  tables.task.io_map = sizeof(TaskState);
  const auto task = reinterpret_cast<uint64_t>(&tables.task);
  // Descriptors: no segment, 64-bit code, data, and the task state, whose descriptor has two words.
  tables.segments = {
      0, 0x00af'9b00'0000'ffff, 0x00cf'9300'0000'ffff,
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

// The names of the exceptions by their vectors.
constexpr const char* kNames[32] = {"divide error",
                                    "debug exception",
                                    "non-maskable interrupt",
                                    "breakpoint",
                                    "overflow",
                                    "bound range exceeded",
                                    "illegal instruction",
                                    "device not available",
                                    "double fault",
                                    "coprocessor overrun",
                                    "invalid task state",
                                    "segment not present",
                                    "stack fault",
                                    "general protection fault",
                                    "page fault",
                                    "reserved exception",
                                    "x87 error",
                                    "alignment check",
                                    "machine check",
                                    "SIMD error",
                                    "virtualization exception",
                                    "control protection",
                                    "exception 22",
                                    "exception 23",
                                    "exception 24",
                                    "exception 25",
                                    "exception 26",
                                    "exception 27",
                                    "exception 28",
                                    "exception 29",
                                    "exception 30",
                                    "exception 31"};

// Reports the first machine-check bank with valid data [sdm 3B 17.3.2].
[[noreturn]] void report_machine_check(const TrapFrame& frame) {
  constexpr uint32_t kCapability = 0x179, kFirstStatus = 0x401;  // the MSRs IA32_MCG_CAP and IA32_MC0_STATUS
  LogLine message;
  message << kNames[frame.vector];
  const uint32_t banks = read_msr(kCapability) & 0xff;
  for (uint32_t bank = 0; bank < banks; ++bank) {
    const uint64_t status = read_msr(kFirstStatus + 4 * bank);
    if (status >> 63 == 0) continue;  // the bank's data are not valid
    message << ": bank " << bank << ", status " << Hex{status};
    break;
  }
  panic_at(message.text(), frame);
}

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
    if (frame.vector == kSpuriousVector) {  // needs no end_of_interrupt() [sdm 3A 12.9]
      this_cpu().spurious_interrupts.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    runtime::MachineFault where;
    where.pc = frame.pc;
    where.stack_pointer = frame.stack_pointer;
    if (frame.vector >= kFirstDeviceVector && frame.vector < kFirstDeviceVector + kDeviceVectors) {
      if (!machine::handle_device_vector(frame.vector))
        this_cpu().spurious_interrupts.fetch_add(1, std::memory_order_relaxed);
      machine::end_of_interrupt();  // comes after the handler, because until then a level-triggered line may be high
      handle_device_interrupt(where, frame);
      return;
    }
    if (frame.vector != kTimerVector && frame.vector != kCallVector) {
      LogLine message;
      message << "unexpected interrupt " << frame.vector;
      panic_at(message.text(), frame);
    }
    machine::end_of_interrupt();
    if (frame.vector == kCallVector) {
      handle_cpu_interrupt(where, frame);
    } else {
      handle_timer_interrupt(where, frame);
    }
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
    case 2: stop_if_panicking(frame.pc, frame_pointer_of(frame)); panic_at(fault.name, frame);
    case 6: fault.machine.kind = runtime::FaultKind::illegal_instruction; break;
    case 12:  // access by the stack pointer to an address that is not canonical
    case 13:  // an access by another register to such an address
      fault.machine.kind = runtime::FaultKind::access;
      fault.machine.address = ~uint64_t{0};
      break;
    case 14:
      fault.machine.kind = runtime::FaultKind::access;
      fault.machine.address = read_cr2();
      fault.write = (frame.error & 2) != 0;
      fault.execute = (frame.error & 16) != 0;
      break;
    case 18: report_machine_check(frame);
    default: panic_at(fault.name, frame);
  }
  handle_fault(fault, frame);
}

namespace {

// Makes each gate an interrupt gate (0x8e00), through which the CPU turns interrupts off.
void fill_gates() {
  for (size_t i = 0; i < kVectors; ++i) {
    const uint64_t entry = reinterpret_cast<uint64_t>(trap_entries) + i * 16;
    const Ist stack = i == 8    ? Ist::double_fault
                      : i == 2  ? Ist::non_maskable
                      : i == 18 ? Ist::machine_check
                                : Ist::common;
    gates[i] = {static_cast<uint16_t>(entry),          kCode,
                static_cast<uint16_t>(stack | 0x8e00), static_cast<uint16_t>(entry >> 16),
                static_cast<uint32_t>(entry >> 32),    0};
  }
}

}  // namespace

namespace machine {

void set_up_traps(Cpu& cpu, std::byte* stacks) {
  if (&cpu == &boot_cpu()) fill_gates();     // all CPUs use the same gates
  constexpr uint32_t kGsBase = 0xc000'0101;  // the model-specific register IA32_GS_BASE
  write_msr(kGsBase, reinterpret_cast<uint64_t>(&cpu));
  load_tables(cpu, stacks);
  // Without this bit, a machine check ends the machine without a message [sdm 3A 2.5].
  constexpr uint64_t kMachineCheck = 1 << 6;
  if ((cpuid(1).edx >> 7 & 1) != 0) write_cr4(read_cr4() | kMachineCheck);
}

}  // namespace machine
}  // namespace cairn::kernel

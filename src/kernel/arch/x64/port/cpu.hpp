// Operations of one x86-64 CPU that C++ cannot express.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::kernel {

// Write and read I/O ports of 8, 16 and 32 bits.
inline void out8(uint16_t port, uint8_t value) { asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory"); }
inline void out16(uint16_t port, uint16_t value) { asm volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory"); }
inline void out32(uint16_t port, uint32_t value) { asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory"); }
inline uint8_t in8(uint16_t port) {
  uint8_t value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}
inline uint32_t in32(uint16_t port) {
  uint32_t value;
  asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}

// Read and write a model-specific register.
inline uint64_t read_msr(uint32_t number) {
  uint32_t low, high;
  asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
  return uint64_t{high} << 32 | low;
}
inline void write_msr(uint32_t number, uint64_t value) {
  asm volatile("wrmsr"
               :
               : "c"(number), "a"(static_cast<uint32_t>(value)), "d"(static_cast<uint32_t>(value >> 32))
               : "memory");
}

struct CpuidResult {
  uint32_t eax, ebx, ecx, edx;
};
inline CpuidResult cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  CpuidResult r;
  asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
  return r;
}

inline uint64_t read_tsc() {
  uint32_t low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return uint64_t{high} << 32 | low;
}

inline uint64_t read_cr2() {
  uint64_t value;
  asm volatile("movq %%cr2, %0" : "=r"(value));
  return value;
}
inline uint64_t read_cr4() {
  uint64_t value;
  asm volatile("movq %%cr4, %0" : "=r"(value));
  return value;
}
inline void write_cr4(uint64_t value) { asm volatile("movq %0, %%cr4" : : "r"(value) : "memory"); }

namespace machine {

// Tells the CPU that the calling code spins.
inline void relax() { asm volatile("pause"); }
inline void interrupts_on() { asm volatile("sti" : : : "memory"); }
inline void interrupts_off() { asm volatile("cli" : : : "memory"); }
inline bool interrupts_are_on() {
  uint64_t flags;
  asm volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
  return (flags >> 9 & 1) != 0;
}
// Stops this CPU for good.
[[noreturn]] inline void halt_forever() {
  for (;;) asm volatile("cli; hlt" : : : "memory");
}
// Orders all earlier accesses before all later ones. Without a barrier, x86-64 orders them, too, except that a load may
// pass an earlier store. So the two barriers below need no instruction.
inline void full_barrier() { asm volatile("mfence" : : : "memory"); }
// Orders earlier stores to RAM before later writes to device registers.
inline void device_write_barrier() { asm volatile("" : : : "memory"); }
// Orders earlier reads of device registers before later loads from RAM.
inline void device_read_barrier() { asm volatile("" : : : "memory"); }
// Makes code that was written as data visible to instruction fetch on this CPU, which x86-64 does by itself.
inline void synchronize_code() { asm volatile("" : : : "memory"); }

}  // namespace machine

// The vectors of the local APIC's interrupts. CPUs interrupt each other with kCallVector.
inline constexpr uint8_t kTimerVector = 32;
inline constexpr uint8_t kSpuriousVector = 33;
inline constexpr uint8_t kCallVector = 34;
// The vectors of devices' interrupts. machine::handle_device_vector() (interrupts.cpp) calls the handler of one of
// them; it returns false if the vector has none.
inline constexpr uint8_t kFirstDeviceVector = 48, kDeviceVectors = 32;
namespace machine {
bool handle_device_vector(uint64_t vector);
}  // namespace machine

// The registers of this CPU's local APIC, by their offsets [sdm 3A 12.4.1]. The first call of
// machine::accept_interrupts() maps them.
enum class ApicRegister : uint32_t {
  end_of_interrupt = 0xb0,
  spurious = 0xf0,
  command_low = 0x300,
  command_high = 0x310,
  timer = 0x320,
  initial_count = 0x380,
  count = 0x390,
  divide = 0x3e0
};
uint32_t read_apic(ApicRegister reg);
void write_apic(ApicRegister reg, uint32_t value);
namespace machine {
// Tells the local APIC that an interrupt was handled.
inline void end_of_interrupt() { write_apic(ApicRegister::end_of_interrupt, 0); }
}  // namespace machine

// The number of pages below 1 MiB with which CPUs start: the code, and page tables of four levels.
inline constexpr uint64_t kStartPages = 5;

}  // namespace cairn::kernel

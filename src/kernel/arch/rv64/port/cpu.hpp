// Operations of one RISC-V CPU that C++ cannot express.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::kernel {

// Access to the control and status register `name`. CAIRN_CSR_SET and CAIRN_CSR_CLEAR change the bits that are set in
// `value`.
#define CAIRN_CSR_READ(name)                                        \
  __extension__({                                                   \
    uint64_t cairn_csr;                                             \
    asm volatile("csrr %0, " #name : "=r"(cairn_csr) : : "memory"); \
    cairn_csr;                                                      \
  })
#define CAIRN_CSR_WRITE(name, value) asm volatile("csrw " #name ", %0" : : "rK"(value) : "memory")
#define CAIRN_CSR_SET(name, value) asm volatile("csrs " #name ", %0" : : "rK"(value) : "memory")
#define CAIRN_CSR_CLEAR(name, value) asm volatile("csrc " #name ", %0" : : "rK"(value) : "memory")

struct SbiResult {
  int64_t error;  // 0: success
  uint64_t value;
};
// Calls the firmware [sbi 3].
inline SbiResult sbi_call(uint64_t extension, uint64_t function, uint64_t x = 0, uint64_t y = 0, uint64_t z = 0) {
  register uint64_t a0 asm("a0") = x;
  register uint64_t a1 asm("a1") = y;
  register uint64_t a2 asm("a2") = z;
  register uint64_t a6 asm("a6") = function;
  register uint64_t a7 asm("a7") = extension;
  asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
  return {static_cast<int64_t>(a0), a1};
}

namespace machine {

// Tells the CPU that the calling code spins.
inline void relax() { asm volatile("nop"); }
inline void interrupts_on() { CAIRN_CSR_SET(sstatus, 2); }
inline void interrupts_off() { CAIRN_CSR_CLEAR(sstatus, 2); }
inline bool interrupts_are_on() { return (CAIRN_CSR_READ(sstatus) & 2) != 0; }
// Stops this CPU for good.
[[noreturn]] inline void halt_forever() {
  interrupts_off();
  CAIRN_CSR_WRITE(sie, 0);
  for (;;) asm volatile("wfi" : : : "memory");
}
// Calls the handlers of all devices' interrupts that are pending on this hart (interrupts.cpp).
void handle_external_interrupts();
// Orders all earlier accesses before all later ones.
inline void full_barrier() { asm volatile("fence iorw, iorw" : : : "memory"); }
// Orders earlier stores to RAM before later writes to device registers.
inline void device_write_barrier() { asm volatile("fence w, o" : : : "memory"); }
// Orders earlier reads of device registers before later loads from RAM.
inline void device_read_barrier() { asm volatile("fence i, r" : : : "memory"); }
// Makes code that was written as data visible to instruction fetch on this CPU.
inline void synchronize_code() { asm volatile("fence.i" : : : "memory"); }

}  // namespace machine
}  // namespace cairn::kernel

// Starts the CPUs other than the one on which the kernel boots.
//
// The CPU that starts another one writes an offer, and wakes the new CPU, which then runs the code in the port's
// entry.S. That code takes the offer if it is meant for its CPU. If a CPU has not taken its offer in time, the offer is
// withdrawn, because the CPU may still come later. A CPU that finds no offer for itself uses nothing else of the
// kernel's memory: it halts (x86-64) or waits for another offer (RISC-V).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/result.hpp"
#include "kernel/memory/page_table.hpp"

namespace cairn::kernel {

struct Cpu;

// The function that a CPU runs once it is set up.
using CpuMain = void (*)(Cpu&);

// An offer is made by the CPU that starts the new one, taken by entry.S on the new CPU, and accepted once the new CPU
// is set up.
enum class OfferState : uint8_t { none, made, taken, accepted };

// The offer to the CPU that is to start. The first fields are read by entry.S.
struct CpuOffer {
  // Which CPU may take the offer and its state, in one word, so that no CPU takes the offer for another.
  std::atomic<uint64_t> word{0};
  uint64_t start_tables = 0;  // from machine::make_start_tables()
  uint64_t stack_end = 0;     // the end of the new CPU's first stack
  Cpu* cpu = nullptr;
  std::byte* trap_stacks = nullptr;
  PageTableRoot tables;  // the kernel's page tables
  CpuMain main = nullptr;

  static uint64_t to_word(uint64_t hardware_id, OfferState state) {
    return hardware_id << 2 | static_cast<uint64_t>(state);
  }
  [[nodiscard]] OfferState state() const { return static_cast<OfferState>(word.load(std::memory_order_acquire) & 3); }
};
static_assert(offsetof(CpuOffer, word) == 0 && offsetof(CpuOffer, start_tables) == 8 &&
              offsetof(CpuOffer, stack_end) == 16);

// Waits as long as the offer is in this state, but at most `limit` nanoseconds. Returns whether it has left the state.
bool wait_while(OfferState state, uint64_t limit);

// How long a CPU has to take its offer, in nanoseconds. In an emulator on a busy host, it needs some time.
inline constexpr uint64_t kCpuStartLimit = 5'000'000'000;

// Starts the CPU with the number `cpu.hardware_id`. It sets itself up as the CPU that boots does, and calls main(cpu)
// with interrupts off, on the stack of `cpu.first_context`; it halts for good if `main` returns. Returns when the CPU
// is set up. Logs and returns an Error if there is no memory, or if the CPU has not come within `limit` nanoseconds.
// After an Error, the CPU will not use `cpu`. Called by one CPU at a time, after start_clock().
Result<void> start_cpu(Cpu& cpu, CpuMain main, uint64_t limit = kCpuStartLimit);

}  // namespace cairn::kernel

#include "kernel/trap/start_cpu.hpp"

#include "base/assert.hpp"
#include "base/format.hpp"
#include "kernel/cpu_features.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/panic.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/trap_stacks.hpp"
#include "port/cpu.hpp"
#include "port/cpu_tables.hpp"
#include "port/paging.hpp"

namespace cairn::kernel {

extern "C" {
constinit CpuOffer cairn_cpu_offer;
}

namespace {

constexpr CpuOffer& offer = cairn_cpu_offer;

// The time between two attempts to wake a CPU, in nanoseconds. On x86-64 the second start-up command follows the first
// after this time [sdm 3A 10.4.4.1].
constexpr uint64_t kWakeInterval = 200'000;
// How long a CPU that has taken its offer may need until it is set up, in nanoseconds.
constexpr uint64_t kSetUpLimit = 60'000'000'000;

}  // namespace

bool wait_while(OfferState state, uint64_t limit) {
  const uint64_t end = nanoseconds_since_boot() + limit;
  while (offer.state() == state) {
    if (nanoseconds_since_boot() >= end) return false;
    machine::relax();
  }
  return true;
}

namespace {

// Makes the offer, and waits until it has been taken. Withdraws it on failure.
Result<void> hand_over(const Cpu& cpu, uint64_t limit) {
  const uint64_t end = nanoseconds_since_boot() + limit;
  offer.word.store(CpuOffer::to_word(cpu.hardware_id, OfferState::made), std::memory_order_release);
  machine::full_barrier();
  Result<void> woken;
  do {
    woken = machine::wake_cpu(cpu);
    if (woken && wait_while(OfferState::made, kWakeInterval)) return {};
  } while (woken && nanoseconds_since_boot() < end);
  uint64_t made = CpuOffer::to_word(cpu.hardware_id, OfferState::made);
  if (!offer.word.compare_exchange_strong(made, 0)) return {};  // it has just been taken
  if (!woken) return woken;
  return fail(Error::of(ErrorKind::io, "it has not come within " + duration(limit)));
}

Result<void> try_start(Cpu& cpu, CpuMain main, uint64_t limit) {
  CAIRN_ASSERT(offer.state() == OfferState::none);
  TrapStacks stacks = CAIRN_TRY(TrapStacks::create(kTrapStackCount));
  offer.start_tables = CAIRN_TRY(machine::make_start_tables());
  offer.stack_end = reinterpret_cast<uint64_t>(cpu.first_context.stack.data() + cpu.first_context.stack.size());
  offer.cpu = &cpu;
  offer.trap_stacks = stacks.start();
  offer.tables = machine::active_page_table();
  offer.main = main;
  CAIRN_TRY(hand_over(cpu, limit));
  // From here on, the CPU uses its stacks and its record, so they must not be freed.
  stacks.keep();
  if (!wait_while(OfferState::taken, kSetUpLimit)) panic("a CPU hangs while it starts");
  offer.word.store(0, std::memory_order_relaxed);
  return {};
}

}  // namespace

Result<void> start_cpu(Cpu& cpu, CpuMain main, uint64_t limit) {
  Result<void> started = try_start(cpu, main, limit);
  if (!started)
    log_warning(Subsystem::fibers, "CPU ", cpu.hardware_id, " does not start: ", started.error().to_string());
  return started;
}

// Called by entry.S on the new CPU, on its first stack, with page tables that map the kernel.
extern "C" [[noreturn]] void cairn_set_up_cpu() {
  Cpu& cpu = *offer.cpu;
  const CpuMain main = offer.main;
  machine::set_up_traps(cpu, offer.trap_stacks);
  machine::activate_page_table(offer.tables.address, offer.tables.levels);
  enable_vector_state();
  machine::accept_interrupts();
  machine::start_timer();
  offer.word.store(CpuOffer::to_word(cpu.hardware_id, OfferState::accepted), std::memory_order_release);
  main(cpu);
  machine::halt_forever();
}

}  // namespace cairn::kernel

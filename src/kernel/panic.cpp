#include "kernel/panic.hpp"

#include <atomic>

#include "base/assert.hpp"
#include "base/boot_protocol.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"
#include "port/cpu.hpp"
#include "port/trap_frame.hpp"

extern "C" std::byte boot_stack_bottom[], boot_stack_top[];

namespace cairn::kernel {
namespace {

constexpr unsigned kShortDepth = 8, kFullDepth = 64;  // numbers of frames

constinit bool backtraces_are_short = false;

constinit std::atomic<Cpu*> panicking{nullptr};  // the CPU that reports a panic

// Calls visit(cpu) for each CPU but this one.
template <class F>
void for_each_other_cpu(F&& visit) {
  for (const std::atomic<Cpu*>& entry : all_cpus()) {
    if (Cpu* const cpu = entry.load(); cpu != nullptr && cpu != &this_cpu()) visit(*cpu);
  }
}

// Stops the other CPUs and writes the message. If another CPU is reporting a panic already, stops this CPU instead. If
// this CPU itself is reporting one, powers off without a second report.
void enter_panic(std::string_view message) {
  machine::interrupts_off();
  Cpu* first = nullptr;
  if (!panicking.compare_exchange_strong(first, &this_cpu())) {
    stop_if_panicking(reinterpret_cast<uint64_t>(__builtin_return_address(0)),
                      reinterpret_cast<uint64_t>(__builtin_frame_address(0)));
    write_raw("\npanic while reporting a panic\n");
    machine::power_off(exit_status::kPanic);
  }
  for_each_other_cpu(machine::send_interrupt);
  write_log_in_panic();
  write_raw("\n");
  LogLine line;
  line << kPanic << message << "\n";
  write_raw(line.text());
}

// Whether the words that caller_of() reads can be read. They lie within 16 bytes of the frame pointer.
bool can_read_frame(uint64_t address) {
  if (address % 8 != 0 || address < kPageSize || address > ~kPageSize) return false;
  const VirtAddr low{address - 16}, high{address + 15};
  if (low >= VirtAddr::of(boot_stack_bottom) && high < VirtAddr::of(boot_stack_top)) return true;
  return translate(low) && translate(high);
}

}  // namespace

void stop_if_panicking(uint64_t pc, uint64_t frame_pointer) {
  const Cpu* const cpu = panicking.load();
  if (cpu == nullptr || cpu == &this_cpu()) return;
  this_cpu().stopped_frame_pointer = frame_pointer;
  this_cpu().stopped_pc.store(pc, std::memory_order_release);
  machine::halt_forever();
}

void set_short_backtraces(bool are_short) { backtraces_are_short = are_short; }

void write_backtrace(uint64_t pc, uint64_t frame_pointer) {
  for (unsigned depth = 0; depth < (backtraces_are_short ? kShortDepth : kFullDepth) && pc != 0; ++depth) {
    // A return address lies past its function's end if the call was the last instruction, so 1 is subtracted.
    const Symbol symbol = find_symbol(depth == 0 ? pc : pc - 1);
    LogLine line;
    line << "  #" << depth << " " << Hex{pc};
    if (!symbol.name.empty()) line << " " << symbol.name << "+" << Hex{symbol.offset + (depth == 0 ? 0 : 1)};
    line << "\n";
    write_raw(line.text());
    if (!can_read_frame(frame_pointer)) return;
    const CallFrame next = caller_of(frame_pointer);
    if (next.frame_pointer <= frame_pointer && next.frame_pointer != 0) return;  // stacks grow down
    pc = next.pc;
    frame_pointer = next.frame_pointer;
  }
}

void panic(std::string_view message) {
  enter_panic(message);
  const auto frame_pointer = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  const CallFrame caller = caller_of(frame_pointer);
  write_backtrace(caller.pc, caller.frame_pointer);
  machine::power_off(exit_status::kPanic);
}

namespace {

// Waits until the other CPUs have stopped, but not for long.
void wait_for_other_cpus() {
  constexpr uint64_t kPatience = 200'000'000;  // nanoseconds
  const uint64_t end = nanoseconds_since_boot() + kPatience;
  for_each_other_cpu([&](const Cpu& cpu) {
    while (cpu.stopped_pc == 0 && nanoseconds_since_boot() < end) machine::relax();
  });
}

}  // namespace

void panic_with_all_cpus(std::string_view message) {
  enter_panic(message);
  wait_for_other_cpus();
  for_each_other_cpu([](const Cpu& cpu) {
    if (cpu.stopped_pc == 0) machine::send_unmaskable_interrupt(cpu);
  });
  wait_for_other_cpus();
  for_each_other_cpu([](const Cpu& cpu) {
    LogLine line;
    line << "CPU " << cpu.number << (cpu.stopped_pc == 0 ? " does not answer\n" : ":\n");
    write_raw(line.text());
    if (cpu.stopped_pc != 0) write_backtrace(cpu.stopped_pc, cpu.stopped_frame_pointer);
  });
  LogLine line;
  line << "CPU " << this_cpu().number << ", which reports the panic:\n";
  write_raw(line.text());
  const CallFrame caller = caller_of(reinterpret_cast<uint64_t>(__builtin_frame_address(0)));
  write_backtrace(caller.pc, caller.frame_pointer);
  machine::power_off(exit_status::kPanic);
}

void panic_at(std::string_view message, const TrapFrame& frame) {
  enter_panic(message);
  if (!backtraces_are_short) write_registers(frame);
  write_backtrace(frame.pc, frame_pointer_of(frame));
  machine::power_off(exit_status::kPanic);
}

}  // namespace cairn::kernel

namespace cairn {

void assertion_failed(const char* expression, const char* file, int line) {
  kernel::LogLine text;
  text << "assertion `" << expression << "` failed at " << file << ":" << line;
  kernel::panic(text.text());
}

}  // namespace cairn

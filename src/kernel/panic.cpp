#include "kernel/panic.hpp"

#include <atomic>

#include "base/assert.hpp"
#include "base/boot_protocol.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/trap/cpu.hpp"
#include "port/cpu.hpp"
#include "port/trap_frame.hpp"

extern "C" std::byte boot_stack_bottom[], boot_stack_top[];

namespace cairn::kernel {
namespace {

constexpr unsigned kShortDepth = 8, kFullDepth = 64;  // numbers of frames

constinit bool backtraces_are_short = false;

constinit std::atomic<Cpu*> panicking{nullptr};  // the CPU that reports a panic

// Stops the other CPUs and writes the message. If another CPU is reporting a panic already, stops this CPU instead. If
// this CPU itself is reporting one, powers off without a second report.
void enter_panic(std::string_view message) {
  machine::interrupts_off();
  Cpu* first = nullptr;
  if (!panicking.compare_exchange_strong(first, &this_cpu())) {
    stop_if_panicking();
    write_raw("\npanic while reporting a panic\n");
    machine::power_off(exit_status::kPanic);
  }
  for (const std::atomic<Cpu*>& cpu : all_cpus()) {
    if (cpu.load() != nullptr && cpu.load() != &this_cpu()) machine::send_interrupt(*cpu.load());
  }
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

void stop_if_panicking() {
  if (Cpu* const cpu = panicking.load(); cpu != nullptr && cpu != &this_cpu()) machine::halt_forever();
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

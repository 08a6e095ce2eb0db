#include "kernel/shell/shell.hpp"

#include <array>
#include <string_view>

#include "kernel/cpu_features.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"

namespace cairn::kernel {
namespace {

struct Command {
  std::string_view name;
  std::string_view help;
  void (*run)();
};

void print(const LogLine& line) { write_raw(line.text()); }

void show_help();

void show_memory() {
  const MemoryStatistics memory = memory_statistics();
  LogLine line;
  line << "total " << (memory.total >> 10) << " KiB, used " << ((memory.total - memory.free) >> 10) << " KiB, heap "
       << (memory.heap >> 10) << " KiB, committed " << (memory.committed >> 10) << " KiB, filled "
       << (memory.filled >> 10) << " KiB\n";
  print(line);
}

void show_time() {
  LogLine line;
  line << "up " << nanoseconds_since_boot() / 1'000'000 << " ms";
  if (has_wall_clock()) line << ", " << wall_clock_nanoseconds() / 1'000'000'000 << " s since 1970";
  line << "\n";
  print(line);
}

void show_cpu() {
  const compiler::CpuFeatures f = detect_cpu_features();
  const std::pair<std::string_view, bool> names[] = {
      {"sse4.2", f.sse42}, {"popcnt", f.popcnt}, {"lzcnt", f.lzcnt}, {"bmi1", f.bmi1}, {"bmi2", f.bmi2}, {"avx", f.avx},
      {"avx2", f.avx2},    {"fma", f.fma},       {"zba", f.zba},     {"zbb", f.zbb},   {"zbs", f.zbs},   {"v", f.v}};
  LogLine line;
  line << "optional instruction sets:";
  for (const auto& [name, present] : names) {
    if (present) line << " " << name;
  }
  line << "\n";
  print(line);
  LogLine interrupts;
  interrupts << this_cpu().spurious_interrupts.load(std::memory_order_relaxed) << " spurious interrupts\n";
  print(interrupts);
}

// Recurses until the kernel's stack overflows.
[[gnu::noinline]] uint64_t go_down(uint64_t depth) {
  volatile uint64_t mark = depth;
  return mark == ~uint64_t{0} ? 0 : go_down(mark + 1) + mark;
}

constexpr Command kCommands[] = {
    {"help", "this list", show_help},
    {"mem", "how much memory is in use", show_memory},
    {"time", "time since boot, time of day", show_time},
    {"cpu", "what the CPU offers", show_cpu},
    {"version", "which system this is", [] { write_raw("Cairn, a WebAssembly operating system\n"); }},
    {"panic", "stops the kernel as a bug would", [] { panic("asked for in the shell"); }},
    {"overflow", "overflows the kernel's stack as a bug would", [] { go_down(0); }},
    {"poweroff", "switches the machine off", [] { machine::power_off(0); }},
};

void show_help() {
  for (const Command& command : kCommands) {
    LogLine line;
    line << "  " << command.name << std::string_view("            ").substr(0, 12 - command.name.size()) << command.help
         << "\n";
    print(line);
  }
}

void execute(std::string_view line) {
  if (line.empty()) return;
  for (const Command& command : kCommands) {
    if (command.name == line) return command.run();
  }
  LogLine message;
  message << "unknown command `" << line << "`; try `help`\n";
  print(message);
}

char read_key() {
  constexpr uint64_t kPause = 10'000'000;  // nanoseconds from one look for a key to the next
  for (;;) {
    if (const int c = machine::console_try_read(); c >= 0) return static_cast<char>(c);
    sleep_until(nanoseconds_since_boot() + kPause);
  }
}

}  // namespace

void run_shell() {
  std::array<char, 128> line;
  for (;;) {
    write_raw("cairn> ");
    size_t size = 0;
    for (char c = read_key(); c != '\r' && c != '\n'; c = read_key()) {
      if (c == 0x7f || c == '\b') {
        if (size != 0) --size, write_raw("\b \b");
      } else if (c >= ' ' && size < line.size()) {
        line[size++] = c;
        write_raw({&c, 1});
      }
    }
    write_raw("\n");
    execute({line.data(), size});
  }
}

}  // namespace cairn::kernel

#include "kernel/shell/machine_commands.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "kernel/cpu_features.hpp"
#include "kernel/devices/device_signal.hpp"
#include "kernel/fibers/core.hpp"
#include "kernel/fibers/cpus.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/account.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/shell/console_text.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"

namespace cairn::kernel {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

}  // namespace

void show_memory() {
  const MemoryStatistics memory = memory_statistics();
  print_line("total ", memory.total >> 10, " KiB, used ", (memory.total - memory.free) >> 10, " KiB, heap ",
             memory.heap >> 10, " KiB, committed ", memory.committed >> 10, " KiB, filled ", memory.filled >> 10,
             " KiB");
  constexpr size_t kWidth = 10;
  const auto kibibytes = [](uint64_t frames) { return Digits(frames << kPageBits >> 10); };
  LogLine names;
  names << Column("IN KiB", 20) << Column("total", kWidth) << Column("peak", kWidth) << Column("limit", kWidth);
  for (size_t use = 0; use < kUses; ++use) names << Column(to_string(static_cast<Use>(use)), kWidth);
  print_line(names.text());
  std::array<AccountState, 32> accounts;
  const size_t count = read_accounts(accounts);
  for (size_t i = 0; i < std::min(count, accounts.size()); ++i) {
    const AccountState& account = accounts[i];
    LogLine line;
    line << Column(i == 0 ? "the system" : account.name_text(), 20) << Column(kibibytes(account.total).text(), kWidth)
         << Column(kibibytes(account.peak).text(), kWidth)
         << Column(account.limit >= AccountState::kNoLimit >> kPageBits ? "none" : kibibytes(account.limit).text(),
                   kWidth);
    for (const uint64_t frames : account.frames) line << Column(kibibytes(frames).text(), kWidth);
    print_line(line.text());
  }
  if (count > accounts.size()) print_line("and ", uint64_t{count - accounts.size()}, " other programs");
}

void show_time() {
  LogLine line;
  line << "up " << nanoseconds_since_boot() / 1'000'000 << " ms";
  if (has_wall_clock()) line << ", " << wall_clock_nanoseconds() / kSecond << " s since 1970";
  line << "\n";
  print(line);
}

void show_cpus() {
  const compiler::CpuFeatures f = detect_cpu_features();
  const std::pair<std::string_view, bool> names[] = {
      {"sse4.2", f.sse42}, {"popcnt", f.popcnt}, {"lzcnt", f.lzcnt}, {"bmi1", f.bmi1}, {"bmi2", f.bmi2}, {"avx", f.avx},
      {"avx2", f.avx2},    {"fma", f.fma},       {"zba", f.zba},     {"zbb", f.zbb},   {"zbs", f.zbs},   {"v", f.v}};
  LogLine line;
  line << "CPUs: " << uint64_t{cpu_count()} << "; optional instruction sets:";
  for (const auto& [name, present] : names) {
    if (present) line << " " << name;
  }
  line << "\n";
  print(line);
  const LongestDelay delay = longest_delay();
  print_line("preemptions: ", preemption_count(), "; kernel code kept a CPU for ", delay.nanoseconds / 1000,
             " us at most", delay.pc == 0 ? "" : ", last in ", delay.pc == 0 ? "" : find_symbol(delay.pc).name);
  const DeviceInterrupts devices = device_interrupts();
  print_line("interrupts of devices: ", devices.handled, "; missed: ", devices.missed);
  print_line("spurious interrupts: ", spurious_interrupts());
}

void show_log(std::span<const std::string_view> filters) {
  for (uint64_t number = 0;;) {
    const auto record = take_log_record(number);
    if (!record) return;
    const bool admitted = std::ranges::all_of(filters, [&](std::string_view filter) {
      if (const auto level = parse_log_level(filter)) return record->level <= *level;
      if (const auto subsystem = parse_subsystem(filter)) return record->subsystem == *subsystem;
      return record->program() == filter;
    });
    if (!admitted) continue;
    const uint64_t milliseconds = record->nanoseconds / 1'000'000;
    print_line(Column(Digits(milliseconds).text(), 9), "CPU ", Column(Digits(record->cpu).text(), 3),
               Column(to_string(record->level), 8), Column(to_string(record->subsystem), 8),
               Column(record->program(), record->program().empty() ? 0 : record->program().size() + 1), record->text());
  }
}

void show_levels() {
  LogLine line;
  for (size_t i = 0; i < kSubsystems; ++i) {
    const auto subsystem = static_cast<Subsystem>(i);
    line << (i == 0 ? "" : ",") << to_string(subsystem) << "=" << to_string(log_levels()[subsystem]);
  }
  print_line(line.text());
}

void set_levels(std::string_view words) {
  if (const auto wrong = log_levels().set(words))
    print_line("`", *wrong, "` is neither a level (off, error, warning, info, debug, trace) nor PART=LEVEL");
}

}  // namespace cairn::kernel

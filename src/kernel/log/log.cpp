#include "kernel/log/log.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/sync/locked.hpp"
#include "base/sync/spin_lock.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/account.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"

namespace cairn::kernel {
namespace {

constexpr size_t kLines = 256;
constexpr uint64_t kPause = 100'000;  // nanoseconds between two looks at whether the port is free

constinit LogLevels levels;

struct Log {
  LogRing<kLines> ring;
  uint64_t written = 0;  // the number of the first record that has not been written to the port
};
constinit SpinLock log_lock;
constinit Log the_log CAIRN_GUARDED_BY(log_lock);

// Runs `f(Log&)` with the lock held and returns its result.
template <class F>
auto with_log(F f) {
  const LockScope<SpinLock> scope(log_lock, LockRank::log_ring);
  return f(the_log);
}

constinit std::atomic<bool> port_is_owned{false};

void write_record(const LogRecord& record) {
  const uint64_t microseconds = record.nanoseconds / 1000;
  LogLine out;
  out << "[" << microseconds / 1'000'000 << ".";
  for (uint64_t digit = 100'000; digit != 0; digit /= 10) out << microseconds / digit % 10;
  out << "] ";
  if (record.level <= LogLevel::warning) out << to_string(record.level) << ": ";
  out << record.text() << "\n";
  write_raw(out.text());
}

// The next line that is to be written to the port, and the number of lines before it that have left the ring.
struct Unwritten {
  std::optional<LogRecord> record;
  uint64_t lost = 0;
};
Unwritten take_unwritten(Log& log) {
  const uint64_t number = log.written;
  auto record = log.ring.take(log.written);
  return {.record = record, .lost = record ? log.written - 1 - number : 0};
}

// Writes what `take()` returns until it returns no line.
template <class Take>
void write_records(Take take) {
  for (;;) {
    const Unwritten next = take();
    if (!next.record) return;
    if (next.lost != 0) {
      LogLine line;
      line << "(" << next.lost << " lines of the log were lost)\n";
      write_raw(line.text());
    }
    write_record(*next.record);
  }
}

[[nodiscard]] bool own_port() { return !port_is_owned.exchange(true); }

// Gives the port up. A line that was added before then may have found the port owned, so it is looked for afterwards.
void give_up_port() {
  do {
    write_records([] { return with_log(take_unwritten); });
    port_is_owned = false;
  } while (with_log([](const Log& log) { return log.written != log.ring.end(); }) && own_port());
}

}  // namespace

LogLine& LogLine::operator<<(std::string_view text) {
  const size_t count = std::min(text.size(), sizeof buffer_ - size_);
  std::memcpy(buffer_ + size_, text.data(), count);
  size_ += count;
  return *this;
}

LogLine& LogLine::append_decimal(uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  return *this << std::string_view(digits + at, sizeof digits - at);
}

LogLine& LogLine::operator<<(Hex number) {
  char digits[18];
  size_t at = sizeof digits;
  do {
    digits[--at] = "0123456789abcdef"[number.value & 15];
    number.value >>= 4;
  } while (number.value != 0);
  digits[--at] = 'x';
  digits[--at] = '0';
  return *this << std::string_view(digits + at, sizeof digits - at);
}

LogLevels& log_levels() { return levels; }

void write_raw(std::string_view text) { machine::console_write(text); }

void write_serial(std::string_view text) {
  // The limits of a fiber do not end these waits, because the loop would never halt then.
  const std::atomic<uint32_t> never = 0;
  while (!own_port()) (void)park(never, nanoseconds_since_boot() + kPause);
  write_raw(text);
  give_up_port();
}

void write_log(Subsystem subsystem, LogLevel level, std::string_view line) {
  LogRecord record{.nanoseconds = nanoseconds_since_boot(), .level = level, .subsystem = subsystem};
  record.set_text(line);
  with_log([&](Log& log) {
    record.cpu = this_cpu().number;  // the lock is held, so this CPU does not change
    if (const MemoryAccount* const account = this_context().account) record.set_program(account->name());
    log.ring.add(record);
  });
  if (own_port()) give_up_port();
}

std::optional<LogRecord> take_log_record(uint64_t& number) {
  return with_log([&](const Log& log) { return log.ring.take(number); });
}

// The other CPUs have been stopped, perhaps with the lock held, so the lock is not taken.
void write_log_in_panic() {
  write_records([]() CAIRN_IGNORES_LOCKS { return take_unwritten(the_log); });
}

}  // namespace cairn::kernel

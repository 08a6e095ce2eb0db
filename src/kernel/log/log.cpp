#include "kernel/log/log.hpp"

#include <algorithm>
#include <cstring>

#include "base/sync/locked.hpp"
#include "base/sync/spin_lock.hpp"
#include "kernel/machine.hpp"
#include "kernel/time/clock.hpp"

namespace cairn::kernel {
namespace {

constinit LogLevel current_level = LogLevel::info;

constinit SpinLock serial_port;  // keeps lines whole; panics write without it

constexpr std::string_view kNames[] = {"error", "warning", "info", "debug"};

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

void set_log_level(LogLevel level) { current_level = level; }
LogLevel log_level() { return current_level; }

bool parse_log_level(std::string_view name, LogLevel& level) {
  const auto* found = std::ranges::find(kNames, name);
  if (found == std::end(kNames)) return false;
  level = static_cast<LogLevel>(found - kNames);
  return true;
}

void write_raw(std::string_view text) { machine::console_write(text); }

void write_serial(std::string_view text) {
  const LockScope<SpinLock> scope(serial_port, LockRank::serial_port);
  write_raw(text);
}

void write_log(LogLevel level, std::string_view line) {
  const uint64_t microseconds = nanoseconds_since_boot() / 1000;
  LogLine out;
  LogLine fraction;  // six digits with leading zeros: the digit 1 that the sum adds in front of them is left out
  fraction << (1'000'000 + microseconds % 1'000'000);
  out << "[" << microseconds / 1'000'000 << "." << fraction.text().substr(1) << "] ";
  if (level <= LogLevel::warning) out << kNames[static_cast<size_t>(level)] << ": ";
  out << line << "\n";
  const LockScope<SpinLock> scope(serial_port, LockRank::serial_port);
  write_raw(out.text());
}

}  // namespace cairn::kernel

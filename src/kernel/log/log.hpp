// The kernel's log writes lines like "[0.012345] message" to the serial port (INV-12). Logging allocates nothing and
// never sleeps, but it polls: each byte waits until the port (on RISC-V the firmware) takes it. A spin lock keeps the
// lines of several CPUs apart. The log works from the first C++ instruction on, and in panics. Until the clock has
// started, the time is 0.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace cairn::kernel {

enum class LogLevel : uint8_t { error, warning, info, debug };

// A number that is written in hexadecimal, with 0x.
struct Hex {
  uint64_t value;
};

// One line, composed on the stack; text beyond its buffer is cut off.
class LogLine {
 public:
  LogLine& operator<<(std::string_view text);
  LogLine& operator<<(const char* text) { return *this << std::string_view(text); }
  LogLine& operator<<(Hex number);
  template <std::unsigned_integral T>
  LogLine& operator<<(T number) {
    return append_decimal(number);
  }
  template <std::signed_integral T>
  LogLine& operator<<(T number) {
    if (number >= 0) return append_decimal(static_cast<uint64_t>(number));
    return (*this << "-").append_decimal(0 - static_cast<uint64_t>(number));
  }
  [[nodiscard]] std::string_view text() const { return {buffer_, size_}; }

 private:
  LogLine& append_decimal(uint64_t number);
  char buffer_[512];
  size_t size_ = 0;
};

// The level of the least important lines that log() writes; at first `info`.
void set_log_level(LogLevel level);
[[nodiscard]] LogLevel log_level();
// Sets `level` to the level of this name; returns false if there is none.
bool parse_log_level(std::string_view name, LogLevel& level);

// Writes a line, with the time since boot before it, whatever the log's level is.
void write_log(LogLevel level, std::string_view line);
// Writes bytes as they are and takes no lock, so that a panic can call this function.
void write_raw(std::string_view text);
// Writes bytes as they are. A lock keeps them from mixing with lines of the log and with the bytes of other calls.
void write_serial(std::string_view text);

// Composes a line from parts (texts and numbers) and writes it if the log's level admits `level`.
template <class... Parts>
void log(LogLevel level, const Parts&... parts) {
  if (level > log_level()) return;
  LogLine line;
  (line << ... << parts);
  write_log(level, line.text());
}

template <class... Parts>
void log_info(const Parts&... parts) {
  log(LogLevel::info, parts...);
}
template <class... Parts>
void log_warning(const Parts&... parts) {
  log(LogLevel::warning, parts...);
}
template <class... Parts>
void log_error(const Parts&... parts) {
  log(LogLevel::error, parts...);
}
template <class... Parts>
void log_debug(const Parts&... parts) {
  log(LogLevel::debug, parts...);
}

}  // namespace cairn::kernel

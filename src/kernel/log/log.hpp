// The kernel's log keeps its newest lines, and writes lines like "[0.012345] message" to the serial port (INV-12).
// Logging allocates nothing and never sleeps. It works from the first C++ instruction on, and in panics. Until the
// clock has started, the time is 0.
//
// The port is slow: each byte waits until the port (on RISC-V the firmware) takes it. So no lock is held meanwhile: one
// CPU at a time owns the port and writes all new lines, and the other CPUs only add theirs to the ring. Lines that
// leave the ring before they are written are counted, and their number is written instead.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/log/levels.hpp"
#include "kernel/log/ring.hpp"

namespace cairn::kernel {

// A number that is written in hexadecimal, with 0x.
struct Hex {
  uint64_t value;
};

// A line of text, composed on the stack; text beyond its buffer is cut off.
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

// Which lines the log keeps.
LogLevels& log_levels();

// Adds a line to the log whatever its levels are, and writes it to the serial port, or lets the CPU that owns the port
// write it.
void write_log(Subsystem subsystem, LogLevel level, std::string_view line);
// LogRing::take() for the log's ring.
std::optional<LogRecord> take_log_record(uint64_t& number);

// Writes bytes as they are, without becoming the port's owner.
void write_raw(std::string_view text);
// Writes bytes as they are; they do not mix with lines of the log and with the bytes of other calls. Waits for the
// port's owner, so only fibers may call it.
void write_serial(std::string_view text);
// Writes the lines that are still unwritten, although another CPU, which has been stopped, may own the port.
void write_log_in_panic();

// Composes a line from parts (texts and numbers) and adds it to the log if the log's levels admit it.
template <class... Parts>
void log(Subsystem subsystem, LogLevel level, const Parts&... parts) {
  if (!log_levels().admit(subsystem, level)) return;
  LogLine line;
  (line << ... << parts);
  write_log(subsystem, level, line.text());
}

template <class... Parts>
void log_error(Subsystem subsystem, const Parts&... parts) {
  log(subsystem, LogLevel::error, parts...);
}
template <class... Parts>
void log_warning(Subsystem subsystem, const Parts&... parts) {
  log(subsystem, LogLevel::warning, parts...);
}
template <class... Parts>
void log_info(Subsystem subsystem, const Parts&... parts) {
  log(subsystem, LogLevel::info, parts...);
}
template <class... Parts>
void log_debug(Subsystem subsystem, const Parts&... parts) {
  log(subsystem, LogLevel::debug, parts...);
}
template <class... Parts>
void log_trace(Subsystem subsystem, const Parts&... parts) {
  log(subsystem, LogLevel::trace, parts...);
}

}  // namespace cairn::kernel

// The newest lines of the log, in a ring of fixed size.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/log/levels.hpp"

namespace cairn::kernel {

// One line of the log.
struct LogRecord {
  uint64_t nanoseconds = 0;  // when it was written, since boot
  uint32_t cpu = 0;          // the CPU that wrote it
  LogLevel level = LogLevel::info;
  Subsystem subsystem = Subsystem::kernel;
  // The name of the program on whose account the CPU ran, empty for the system, and the text. set_program() and
  // set_text() cut what does not fit.
  uint8_t program_size = 0;
  uint8_t text_size = 0;
  std::array<char, 24> program_bytes{};
  std::array<char, 208> text_bytes{};

  [[nodiscard]] std::string_view program() const { return {program_bytes.data(), program_size}; }
  [[nodiscard]] std::string_view text() const { return {text_bytes.data(), text_size}; }
  void set_program(std::string_view name) {
    program_size = static_cast<uint8_t>(name.copy(program_bytes.data(), program_bytes.size()));
  }
  void set_text(std::string_view line) {
    text_size = static_cast<uint8_t>(line.copy(text_bytes.data(), text_bytes.size()));
  }
};

template <size_t kCapacity>
class LogRing {
 public:
  // The numbers of the oldest record that the ring has, and of the next one that is added. Numbers begin at 0.
  [[nodiscard]] uint64_t first() const { return end_ - std::min<uint64_t>(end_, kCapacity); }
  [[nodiscard]] uint64_t end() const { return end_; }

  void add(const LogRecord& record) { records_[end_++ % kCapacity] = record; }

  // Returns the record `number`, or the oldest one if `number` has left the ring, and sets `number` to that of the next
  // record. Returns nothing if there is none.
  [[nodiscard]] std::optional<LogRecord> take(uint64_t& number) const {
    number = std::max(number, first());
    if (number >= end_) return std::nullopt;
    return records_[number++ % kCapacity];
  }

 private:
  std::array<LogRecord, kCapacity> records_{};
  uint64_t end_ = 0;
};

}  // namespace cairn::kernel

// How important a line of the log is, which part of the kernel wrote it, and which lines the log keeps:
// `info,memory=off` says that it keeps lines of the level `info` and more important ones, and none of memory
// management.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace cairn::kernel {

// The levels, from the most important lines to the least important ones.
enum class LogLevel : uint8_t { off, error, warning, info, debug, trace };

// The parts of the kernel. `kernel` is what belongs to none of the others.
enum class Subsystem : uint8_t { kernel, memory, fibers, devices, entropy, clock, program, test };
inline constexpr size_t kSubsystems = 8;

std::string_view to_string(LogLevel level);
std::string_view to_string(Subsystem subsystem);
std::optional<LogLevel> parse_log_level(std::string_view name);
std::optional<Subsystem> parse_subsystem(std::string_view name);

// For each part of the kernel the least important level that the log keeps; at first `info`. Any CPU may read and
// change the levels.
class LogLevels {
 public:
  [[nodiscard]] bool admit(Subsystem subsystem, LogLevel level) const { return level <= (*this)[subsystem]; }
  [[nodiscard]] LogLevel operator[](Subsystem subsystem) const {
    return levels_[static_cast<size_t>(subsystem)].load(std::memory_order_relaxed);
  }
  // Sets the levels from a list with commas between its words: LEVEL sets those of all parts of the kernel, and
  // PART=LEVEL that of one. Later words take precedence. Returns the first word that is wrong, and changes nothing
  // then.
  std::optional<std::string_view> set(std::string_view words);

 private:
  std::array<std::atomic<LogLevel>, kSubsystems> levels_ = {LogLevel::info, LogLevel::info, LogLevel::info,
                                                            LogLevel::info, LogLevel::info, LogLevel::info,
                                                            LogLevel::info, LogLevel::info};
};

}  // namespace cairn::kernel

#include "kernel/log/levels.hpp"

#include <algorithm>

namespace cairn::kernel {
namespace {

constexpr std::array<std::string_view, 6> kLevelNames = {"off", "error", "warning", "info", "debug", "trace"};
constexpr std::array<std::string_view, kSubsystems> kSubsystemNames = {"kernel",  "memory", "fibers",  "devices",
                                                                       "entropy", "clock",  "program", "test"};

// Returns the enumerator whose name is `name`.
template <class Enum>
std::optional<Enum> find_name(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view to_string(LogLevel level) { return kLevelNames[static_cast<size_t>(level)]; }
std::string_view to_string(Subsystem subsystem) { return kSubsystemNames[static_cast<size_t>(subsystem)]; }
std::optional<LogLevel> parse_log_level(std::string_view name) { return find_name<LogLevel>(kLevelNames, name); }
std::optional<Subsystem> parse_subsystem(std::string_view name) { return find_name<Subsystem>(kSubsystemNames, name); }

std::optional<std::string_view> LogLevels::set(std::string_view words) {
  std::array<LogLevel, kSubsystems> wanted;
  std::ranges::transform(levels_, wanted.begin(), [](const auto& level) { return level.load(); });
  for (;;) {
    const std::string_view word = words.substr(0, words.find(','));
    const size_t sign = word.find('=');
    const auto level = parse_log_level(sign == word.npos ? word : word.substr(sign + 1));
    if (!level) return word;
    if (sign == word.npos) {
      wanted.fill(*level);
    } else {
      const auto subsystem = parse_subsystem(word.substr(0, sign));
      if (!subsystem) return word;
      wanted[static_cast<size_t>(*subsystem)] = *level;
    }
    if (word.size() == words.size()) break;
    words.remove_prefix(word.size() + 1);
  }
  std::ranges::copy(wanted, levels_.begin());
  return std::nullopt;
}

}  // namespace cairn::kernel

#include "base/boot_protocol.hpp"

#include "base/key_values.hpp"

namespace cairn {
namespace {

constexpr BootMode kModes[] = {BootMode::idle, BootMode::run, BootMode::wast, BootMode::trial, BootMode::tests};
constexpr BoundsMode kBounds[] = {BoundsMode::automatic, BoundsMode::guard, BoundsMode::check};

template <class T, size_t N>
bool parse_name(const T (&all)[N], std::string_view text, T& out) {
  for (T candidate : all) {
    if (to_string(candidate) != text) continue;
    out = candidate;
    return true;
  }
  return false;
}

bool set_number(uint64_t& out, std::string_view value) {
  const std::optional<uint64_t> number = parse_decimal(value);
  if (number) out = *number;
  return number.has_value();
}

bool set(BootConfig& config, std::string_view key, std::string_view value) {
  if (key == "disable") return config.disabled_features.emplace_back(value), true;
  if (key == "engine") return config.engine_options.emplace_back(value), true;
  if (key == "mode") return parse_name(kModes, value, config.mode);
  if (key == "bounds") return parse_name(kBounds, value, config.bounds);
  if (key == "limit") return set_number(config.limit_nanoseconds, value);
  if (key == "wall_clock") return set_number(config.wall_clock_nanoseconds, value);
  uint64_t number = 0;
  if (!set_number(number, value)) return false;
  if (key == "main" && number <= UINT32_MAX) return config.main = static_cast<uint32_t>(number), true;
  if (key == "terminal" && number < 3) return config.terminal[number] = true;
  if (key == "marks" && number == 1) return config.marks_output = true;
  if (key == "report_times" && number == 1) return config.report_times = true;
  return false;
}

}  // namespace

int exit_status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return exit_status::kUsage;
    case ErrorKind::io: return exit_status::kSystem;
    case ErrorKind::malformed:
    case ErrorKind::invalid:
    case ErrorKind::unsupported:
    case ErrorKind::limit:
    case ErrorKind::link:
    case ErrorKind::resource: return exit_status::kBadModule;
  }
  return exit_status::kSystem;
}

std::string_view to_string(BootMode mode) {
  switch (mode) {
    case BootMode::idle: return "idle";
    case BootMode::run: return "run";
    case BootMode::wast: return "wast";
    case BootMode::trial: return "trial";
    case BootMode::tests: return "tests";
  }
  return "?";
}

std::string_view to_string(BoundsMode mode) {
  switch (mode) {
    case BoundsMode::automatic: return "automatic";
    case BoundsMode::guard: return "guard";
    case BoundsMode::check: return "check";
  }
  return "?";
}

std::string BootConfig::encode() const {
  std::string out;
  append_value(out, "mode", to_string(mode));
  if (main) append_number(out, "main", *main);
  if (marks_output) append_value(out, "marks", "1");
  if (limit_nanoseconds != 0) append_number(out, "limit", limit_nanoseconds);
  for (uint64_t descriptor = 0; descriptor < 3; ++descriptor) {
    if (terminal[descriptor]) append_number(out, "terminal", descriptor);
  }
  append_value(out, "bounds", to_string(bounds));
  append_values(out, "disable", disabled_features);
  append_values(out, "engine", engine_options);
  if (report_times) append_value(out, "report_times", "1");
  append_number(out, "wall_clock", wall_clock_nanoseconds);
  return out;
}

Result<BootConfig> BootConfig::parse(std::span<const std::byte> bytes) {
  BootConfig config;
  CAIRN_TRY(parse_values(bytes, [&](std::string_view key, std::string_view value) { return set(config, key, value); }));
  return config;
}

}  // namespace cairn

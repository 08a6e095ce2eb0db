#include "base/boot_protocol.hpp"

#include <charconv>

#include "base/format.hpp"

namespace cairn {
namespace {

constexpr BootMode kModes[] = {BootMode::idle, BootMode::run, BootMode::wast, BootMode::trial, BootMode::tests};
constexpr BoundsMode kBounds[] = {BoundsMode::automatic, BoundsMode::guard, BoundsMode::check};

void append(std::string& out, std::string_view key, std::string_view value) {
  out += key;
  out += '=';
  out += value;
  out += '\0';
}

void append_all(std::string& out, std::string_view key, const std::vector<std::string>& values) {
  for (const std::string& value : values) append(out, key, value);
}

template <class T, size_t N>
bool parse_name(const T (&all)[N], std::string_view text, T& out) {
  for (T candidate : all) {
    if (to_string(candidate) != text) continue;
    out = candidate;
    return true;
  }
  return false;
}

bool parse_number(std::string_view text, uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool set(BootConfig& config, std::string_view key, std::string_view value) {
  if (key == "name") return config.name = value, true;
  if (key == "arg") return config.arguments.emplace_back(value), true;
  if (key == "env") return config.environment.emplace_back(value), true;
  if (key == "preopen") return config.preopens.push_back({std::string(value), {}}), true;
  if (key == "path" && !config.preopens.empty()) return config.preopens.back().path = value, true;
  if (key == "invoke") return config.invoke = value, true;
  if (key == "unknown_imports") return config.trap_unknown_imports = value == "trap";
  if (key == "limit") return parse_number(value, config.limit_nanoseconds);
  if (key == "cpu_limit") return parse_number(value, config.cpu_limit_nanoseconds);
  if (key == "wall_limit") return parse_number(value, config.wall_limit_nanoseconds);
  if (key == "standard") return config.standard_files = value, true;
  if (key == "disable") return config.disabled_features.emplace_back(value), true;
  if (key == "engine") return config.engine_options.emplace_back(value), true;
  if (key == "mode") return parse_name(kModes, value, config.mode);
  if (key == "bounds") return parse_name(kBounds, value, config.bounds);
  if (key == "wall_clock") return parse_number(value, config.wall_clock_nanoseconds);
  uint64_t number = 0;
  if (!parse_number(value, number)) return false;
  if (key == "terminal" && number < 3) return config.terminal[number] = true;
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
  append(out, "mode", to_string(mode));
  if (!name.empty()) append(out, "name", name);
  append_all(out, "arg", arguments);
  append_all(out, "env", environment);
  for (const Preopen& preopen : preopens) {
    append(out, "preopen", preopen.name);
    append(out, "path", preopen.path);
  }
  if (!invoke.empty()) append(out, "invoke", invoke);
  if (trap_unknown_imports) append(out, "unknown_imports", "trap");
  if (limit_nanoseconds != 0) append(out, "limit", decimal(limit_nanoseconds));
  if (cpu_limit_nanoseconds != 0) append(out, "cpu_limit", decimal(cpu_limit_nanoseconds));
  if (wall_limit_nanoseconds != 0) append(out, "wall_limit", decimal(wall_limit_nanoseconds));
  if (!standard_files.empty()) append(out, "standard", standard_files);
  for (int fd = 0; fd < 3; ++fd) {
    if (terminal[fd]) append(out, "terminal", decimal(fd));
  }
  append(out, "bounds", to_string(bounds));
  append_all(out, "disable", disabled_features);
  append_all(out, "engine", engine_options);
  if (report_times) append(out, "report_times", "1");
  append(out, "wall_clock", decimal(wall_clock_nanoseconds));
  return out;
}

Result<BootConfig> BootConfig::parse(std::span<const std::byte> bytes) {
  BootConfig config;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\0', start);
    if (end == std::string_view::npos) return fail(Error::at(ErrorKind::malformed, start, "unterminated boot option"));
    const std::string_view option = text.substr(start, end - start);
    const size_t equals = option.find('=');
    if (equals == std::string_view::npos || !set(config, option.substr(0, equals), option.substr(equals + 1))) {
      return fail(Error::at(ErrorKind::malformed, start, "bad boot option `" + std::string(option) + "`"));
    }
    start = end + 1;
  }
  return config;
}

}  // namespace cairn

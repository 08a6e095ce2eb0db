#include "base/program_config.hpp"

#include "base/key_values.hpp"

namespace cairn {
namespace {

constexpr Restart kRestarts[] = {Restart::never, Restart::on_failure, Restart::always};

bool set_number(uint64_t& out, std::string_view value, uint64_t least, uint64_t most) {
  const std::optional<uint64_t> number = parse_decimal(value);
  if (!number || *number < least || *number > most) return false;
  out = *number;
  return true;
}

bool set_restart(Restart& out, std::string_view value) {
  for (const Restart candidate : kRestarts) {
    if (to_string(candidate) != value) continue;
    out = candidate;
    return true;
  }
  return false;
}

}  // namespace

std::string_view to_string(Restart restart) {
  switch (restart) {
    case Restart::never: return "never";
    case Restart::on_failure: return "on-failure";
    case Restart::always: return "always";
  }
  return "?";
}

bool ProgramConfig::set(std::string_view key, std::string_view value) {
  if (key == "name") return name = value, true;
  if (key == "arg") return arguments.emplace_back(value), true;
  if (key == "env") return environment.emplace_back(value), true;
  if (key == "preopen") return preopens.push_back({std::string(value), {}}), true;
  if (key == "path" && !preopens.empty()) return preopens.back().path = value, true;
  if (key == "standard") return standard_files = value, true;
  if (key == "invoke") return invoke = value, true;
  if (key == "unknown_imports") return trap_unknown_imports = value == "trap";
  if (key == "input") return has_input = value == "1";
  if (key == "allow") return allows_system = value == "system";
  if (key == "limit") return limits.decode(value);
  if (key == "minimum") return set_number(minimum_memory, value, 1, UINT64_MAX);
  if (key == "weight") return set_number(weight, value, 1, kMaximumWeight);
  if (key == "restart") return set_restart(restart, value);
  if (key != "module") return false;
  uint64_t number = 0;
  if (!set_number(number, value, 0, UINT32_MAX)) return false;
  module = static_cast<uint32_t>(number);
  return true;
}

std::string ProgramConfig::encode() const {
  std::string out;
  if (!name.empty()) append_value(out, "name", name);
  append_number(out, "module", module);
  append_values(out, "arg", arguments);
  append_values(out, "env", environment);
  for (const Preopen& preopen : preopens) {
    append_value(out, "preopen", preopen.name);
    append_value(out, "path", preopen.path);
  }
  if (!standard_files.empty()) append_value(out, "standard", standard_files);
  if (!invoke.empty()) append_value(out, "invoke", invoke);
  if (trap_unknown_imports) append_value(out, "unknown_imports", "trap");
  if (has_input) append_value(out, "input", "1");
  if (allows_system) append_value(out, "allow", "system");
  for (const LimitKind& kind : kLimitKinds) {
    if (limits.is_given(kind.limit)) append_value(out, "limit", limits.encode(kind.limit));
  }
  if (minimum_memory != 0) append_number(out, "minimum", minimum_memory);
  append_number(out, "weight", weight);
  append_value(out, "restart", to_string(restart));
  return out;
}

Result<ProgramConfig> ProgramConfig::parse(std::span<const std::byte> bytes) {
  ProgramConfig config;
  CAIRN_TRY(parse_values(bytes, [&](std::string_view key, std::string_view value) { return config.set(key, value); }));
  return config;
}

}  // namespace cairn

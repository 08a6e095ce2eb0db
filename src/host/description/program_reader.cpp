#include "host/description/program_reader.hpp"

#include <algorithm>
#include <array>

#include "base/format.hpp"
#include "host/description/suggestion.hpp"
#include "host/description/values.hpp"

namespace cairn::host {
namespace {

constexpr size_t kLongestName = 64;  // characters
constexpr std::array<std::string_view, 3> kRestarts = {"never", "on-failure", "always"};
constexpr auto kLimitNames = [] {
  std::array<std::string_view, kLimits> names;
  std::ranges::transform(kLimitKinds, names.begin(), &LimitKind::name);
  return names;
}();

using Read = void (*)(ReadProgram&, const toml::Value&, Mistakes&);

void read_name(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  const auto name = read_text("name", value, mistakes);
  if (!name) return;
  const bool is_plain = std::ranges::all_of(*name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  if (name->empty() || name->size() > kLongestName || !is_plain) {
    return mistakes.add(value.position, "`name` needs 1 to " + decimal(uint64_t{kLongestName}) +
                                            " letters, digits, dots, dashes or underscores");
  }
  out.program.config.name = *name;
  out.name = value.position;
}

void read_module(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  const auto path = read_text("module", value, mistakes);
  if (!path) return;
  if (path->empty()) return mistakes.add(value.position, "`module` needs the path of a module");
  out.program.module = *path;
  out.program.places.module = value.position;
}

void read_arguments(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  for (PlacedText& argument : read_texts("arguments", value, mistakes))
    out.program.config.arguments.push_back(std::move(argument.text));
}

void read_environment(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  const toml::Table* table = read_table("environment", value, mistakes);
  if (table == nullptr) return;
  for (const auto& [name, position, text] : table->entries()) {
    if (name.empty() || name.contains('=') || name.contains('\0')) {
      mistakes.add(position, "a name of `environment` must not be empty or contain = or NUL");
    } else if (const auto setting = read_text(name, text, mistakes)) {
      out.program.config.environment.push_back(name + "=" + *setting);
    }
  }
}

void read_directories(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  for (const PlacedText& text : read_texts("directories", value, mistakes)) {
    auto directory = parse_directory(text.text);
    if (!directory) {
      mistakes.add(text.position, "`directories` needs strings \"HOST::GUEST\", not " + in_quotes(text.text));
      continue;
    }
    out.program.directories.push_back(*std::move(directory));
    out.program.places.directories.push_back(text.position);
  }
}

// Returns the value of a limit: an integer for a count, otherwise a string.
std::optional<uint64_t> read_limit(const LimitKind& kind, const toml::Value& value, Mistakes& mistakes) {
  if (kind.quantity == Quantity::count) return read_number(kind.name, value, kind.least, kind.most, mistakes);
  const auto text = read_text(kind.name, value, mistakes);
  if (!text) return std::nullopt;
  const auto amount = parse_limit(kind, *text);
  if (!amount) {
    mistakes.add(value.position, in_quotes(kind.name) + " needs " + limit_expected(kind) + ", not " + in_quotes(*text));
  }
  return amount;
}

void read_limits(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  const toml::Table* table = read_table("limits", value, mistakes);
  if (table == nullptr) return;
  for (const auto& [name, position, limit] : table->entries()) {
    const LimitKind* const kind = find_limit(name);
    if (kind == nullptr) {
      std::string hint = suggestion(name, kLimitNames);
      if (hint.empty()) hint = "; the limits are " + list_of(kLimitNames, "and");
      mistakes.add(position, "no limit on " + in_quotes(name) + " can be kept" + hint);
      continue;
    }
    out.program.places.limits[static_cast<size_t>(kind->limit)] = position;
    const auto amount = read_limit(*kind, limit, mistakes);
    if (amount) out.program.config.limits.set(kind->limit, *amount);
  }
}

void read_minimums(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  const toml::Table* table = read_table("minimums", value, mistakes);
  if (table == nullptr) return;
  for (const auto& [name, position, minimum] : table->entries()) {
    if (name != "memory") {
      mistakes.add(position, "no minimum of " + in_quotes(name) + " can be promised; only one of memory can");
      continue;
    }
    out.program.places.minimum_memory = position;
    const auto amount = read_limit(kind_of(Limit::memory), minimum, mistakes);
    if (amount) out.program.config.minimum_memory = *amount;
  }
}

void read_weight(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  const auto weight = read_number("weight", value, 1, ProgramConfig::kMaximumWeight, mistakes);
  if (weight) out.program.config.weight = *weight;
  out.program.places.weight = value.position;
}

void read_restart(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  const auto text = read_text("restart", value, mistakes);
  if (!text) return;
  const auto found = std::ranges::find(kRestarts, *text);
  if (found == kRestarts.end()) {
    return mistakes.add(value.position, "`restart` needs " + list_of(kRestarts, "or") + ", not " + in_quotes(*text) +
                                            suggestion(*text, kRestarts));
  }
  (void)out.program.config.set("restart", *found);
  out.restart = value.position;
}

void read_input(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  out.program.config.has_input = read_flag("input", value, mistakes).value_or(false);
  out.input = value.position;
}

void read_allowed(ReadProgram& out, const toml::Value& value, Mistakes& mistakes) {
  for (const PlacedText& text : read_texts("allow", value, mistakes)) {
    if (text.text != "system") mistakes.add(text.position, "`allow` needs \"system\", not " + in_quotes(text.text));
    out.program.config.allows_system = true;
  }
}

struct Key {
  std::string_view name;
  Read read;
};
constexpr Key kKeys[] = {
    {"name", read_name},
    {"module", read_module},
    {"arguments", read_arguments},
    {"environment", read_environment},
    {"directories", read_directories},
    {"limits", read_limits},
    {"minimums", read_minimums},
    {"allow", read_allowed},
    {"weight", read_weight},
    {"restart", read_restart},
    {"input", read_input},
};
constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kKeys)> names;
  std::ranges::transform(kKeys, names.begin(), &Key::name);
  return names;
}();

}  // namespace

ReadProgram read_program(const toml::Value& table, Mistakes& mistakes) {
  ReadProgram out;
  for (const toml::Entry& entry : table.table.entries()) {
    const auto known = std::ranges::find(kKeys, entry.key, &Key::name);
    if (known == std::end(kKeys)) {
      add_unknown_key(entry, "a program", kNames, mistakes);
    } else {
      known->read(out, entry.value, mistakes);
    }
  }
  for (const std::string_view required : {"name", "module"}) {
    if (table.table.find(required) == nullptr)
      mistakes.add(table.position, "this program has no `" + std::string(required) + "`");
  }
  const ProgramConfig& config = out.program.config;
  if (config.minimum_memory > config.limits[Limit::memory])
    mistakes.add(out.program.places.minimum_memory, "the minimum of memory is more than the program's limit");
  // The program's name comes before the arguments that the file gives it.
  std::vector<std::string>& arguments = out.program.config.arguments;
  arguments.insert(arguments.begin(), out.program.config.name);
  return out;
}

}  // namespace cairn::host

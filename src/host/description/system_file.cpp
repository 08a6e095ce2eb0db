#include "host/description/system_file.hpp"

#include <array>
#include <map>
#include <string>
#include <vector>

#include "base/format.hpp"
#include "host/description/program_reader.hpp"
#include "host/description/suggestion.hpp"
#include "host/description/toml/parse.hpp"
#include "host/description/values.hpp"

namespace cairn::host {
namespace {

constexpr std::array<std::string_view, 4> kKeys = {"main", "cpus", "memory", "program"};

std::vector<ReadProgram> read_programs(const toml::Value& value, Mistakes& mistakes) {
  std::vector<ReadProgram> programs;
  if (value.kind != toml::Kind::array) {
    add_wrong_type("program", "tables that begin with [[program]]", value, mistakes);
    return programs;
  }
  for (const toml::Value& element : value.elements) {
    if (element.kind == toml::Kind::table) {
      programs.push_back(read_program(element, mistakes));
    } else {
      add_wrong_type("program", "tables that begin with [[program]]", element, mistakes);
    }
  }
  return programs;
}

void read_memory(SystemDescription& system, const toml::Value& value, Mistakes& mistakes) {
  const auto text = read_text("memory", value, mistakes);
  if (!text) return;
  system.memory_bytes = parse_memory(*text);
  if (!system.memory_bytes)
    mistakes.add(value.position, "`memory` needs " + std::string(kMemoryExpected) + ", not " + in_quotes(*text));
}

std::string line_of(Position position) { return "line " + decimal(position.line); }

// Checks for mistakes that concern several programs: equal names, and more than one program with standard input.
void check_programs(const std::vector<ReadProgram>& programs, Mistakes& mistakes) {
  std::map<std::string_view, Position> names;
  const ReadProgram* with_input = nullptr;
  for (const ReadProgram& read : programs) {
    const ProgramConfig& config = read.program.config;
    if (!config.name.empty()) {
      const auto [known, is_new] = names.emplace(config.name, read.name);
      if (!is_new) {
        mistakes.add(read.name, "another program has the name `" + config.name + "` (" + line_of(known->second) + ")");
      }
    }
    if (!config.has_input) continue;
    if (with_input != nullptr) {
      mistakes.add(read.input,
                   "another program gets the standard input (" + line_of(with_input->input) + "); only one can");
    } else {
      with_input = &read;
    }
  }
}

void find_main(SystemDescription& system, const toml::Value& value, const std::vector<ReadProgram>& programs,
               Mistakes& mistakes) {
  const auto wanted = read_text("main", value, mistakes);
  if (!wanted) return;
  std::vector<std::string_view> names;
  for (uint32_t i = 0; i < programs.size(); ++i) {
    const ProgramConfig& config = programs[i].program.config;
    names.push_back(config.name);
    if (config.name != *wanted || system.main) continue;
    system.main = i;
    if (config.restart == Restart::always) {
      mistakes.add(programs[i].restart,
                   "the machine ends with its main program, which therefore cannot be started "
                   "always; `restart` of `" +
                       *wanted + "` needs `never` or `on-failure`");
    }
  }
  if (system.main) return;
  mistakes.add(value.position, "`main` needs the name of a program, and there is no " + in_quotes(*wanted) +
                                   suggestion(*wanted, names));
}

SystemDescription read_root(const toml::Table& root, Mistakes& mistakes) {
  SystemDescription system;
  std::vector<ReadProgram> programs;
  for (const toml::Entry& entry : root.entries()) {
    const toml::Value& value = entry.value;
    if (entry.key == "program") {
      programs = read_programs(value, mistakes);
    } else if (entry.key == "cpus") {
      const auto cpus = read_number("cpus", value, 1, kMaximumCpus, mistakes);
      if (cpus) system.cpus = static_cast<unsigned>(*cpus);
    } else if (entry.key == "memory") {
      read_memory(system, value, mistakes);
    } else if (entry.key != "main") {
      add_unknown_key(entry, "a system file", kKeys, mistakes);
    }
  }
  const toml::Entry* const list = root.find("program");
  if (list == nullptr || (list->value.kind == toml::Kind::array && list->value.elements.empty()))
    mistakes.add({}, "a system file needs at least one [[program]]");
  if (programs.size() > SystemDescription::kMaximumPrograms) {
    mistakes.add(programs.back().name,
                 "a system has at most " + decimal(uint64_t{SystemDescription::kMaximumPrograms}) + " programs");
  }
  check_programs(programs, mistakes);
  if (const toml::Entry* const main = root.find("main")) find_main(system, main->value, programs, mistakes);
  for (ReadProgram& read : programs) system.programs.push_back(std::move(read.program));
  return system;
}

}  // namespace

SystemDescription read_system(std::string_view text, Mistakes& mistakes) {
  const toml::Table root = toml::parse(text, mistakes);
  // After a syntax mistake the parser skips lines, so a key that seems to be missing may be in one of them. Therefore
  // only a text with correct syntax is read further.
  return mistakes.empty() ? read_root(root, mistakes) : SystemDescription();
}

}  // namespace cairn::host

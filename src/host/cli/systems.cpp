#include "host/cli/systems.hpp"

#include <map>
#include <string_view>

#include "base/format.hpp"
#include "host/cli/files.hpp"
#include "host/cli/program.hpp"
#include "host/description/mistakes.hpp"
#include "host/description/system_file.hpp"

namespace cairn::cli {
namespace {

using host::Mistakes;
using host::ProgramDescription;
using host::SystemDescription;

constexpr uint64_t kMaximumSystemFile = uint64_t{1} << 20;  // bytes

// The file's name without its folder and its ending. (The RV64 build's C++ library has no <filesystem>.)
std::string_view stem_of(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);
  const size_t dot = path.rfind('.');
  return dot == 0 ? path : path.substr(0, dot);
}

// Describes one program by its words: its module and arguments.
ProgramDescription describe_program(const Options& options, const std::vector<std::string>& words, std::string name) {
  ProgramDescription program;
  program.module = words[0];
  program.config.name = std::move(name);
  program.config.arguments = words;
  program.config.limits = options.limits;
  return program;
}

// Describes the system of `run PROGRAM` with the options --with.
SystemDescription describe_options(const Options& options) {
  std::map<std::string, unsigned> names;
  // A program is named after its file, with a number if an earlier program has the same name.
  const auto name_of = [&](const std::string& path) {
    const std::string stem(stem_of(path));
    const unsigned number = ++names[stem];
    return number == 1 ? stem : stem + "-" + decimal(uint64_t{number});
  };
  ProgramDescription main = describe_program(options, options.operands, name_of(options.operands[0]));
  main.config.environment = options.environment;
  main.config.invoke = options.invoke;
  main.config.trap_unknown_imports = options.trap_unknown_imports;
  main.config.allows_system = options.allows_system;
  main.config.has_input = true;
  main.directories = options.directories;
  main.has_default_root = options.has_default_root;
  SystemDescription system;
  system.main = 0;
  system.programs.push_back(std::move(main));
  for (const std::vector<std::string>& words : options.companions)
    system.programs.push_back(describe_program(options, words, name_of(words[0])));
  return system;
}

// Paths in a system file are relative to its folder.
void make_relative_to(std::string_view folder, std::string& path) {
  if (!path.starts_with('/')) path.insert(0, folder);
}

void resolve_paths(SystemDescription& system) {
  const std::string_view file = system.file;
  const std::string_view folder = file.substr(0, file.rfind('/') + 1);
  for (ProgramDescription& program : system.programs) {
    make_relative_to(folder, program.module);
    for (host::DirectoryMapping& directory : program.directories) make_relative_to(folder, directory.host);
  }
}

void check_files(const SystemDescription& system, Mistakes& mistakes) {
  for (const ProgramDescription& program : system.programs) {
    if (!program.module.empty() && !is_regular_file(program.module))
      mistakes.add(program.places.module, "there is no file " + program.module);
    for (size_t i = 0; i < program.directories.size(); ++i) {
      if (!is_directory(program.directories[i].host))
        mistakes.add(program.places.directories[i], "there is no directory " + program.directories[i].host);
    }
  }
}

// Adds a mistake for each setting that the threads of a process cannot have.
void check_process(const SystemDescription& system, Mistakes& mistakes) {
  for (const ProgramDescription& program : system.programs) {
    if (program.config.weight != 1) {
      mistakes.add(program.places.weight,
                   "a process cannot keep `weight`, the share of a CPU; --target x86_64 and riscv64 can");
    }
    if (program.config.minimum_memory != 0) {
      mistakes.add(program.places.minimum_memory,
                   "a process cannot promise a minimum of memory; --target x86_64 and riscv64 can");
    }
    for (const LimitKind& kind : kLimitKinds) {
      if (!program.config.limits.is_given(kind.limit) || kind.is_of_process) continue;
      mistakes.add(
          program.places.limits[static_cast<size_t>(kind.limit)],
          "a process cannot keep a limit on `" + std::string(kind.name) + "`; --target x86_64 and riscv64 can");
    }
  }
}

Result<SystemDescription> read_file_of_system(const Options& options) {
  const std::string& file = options.operands[0];
  Mistakes mistakes;
  SystemDescription system = host::read_system(CAIRN_TRY(read_file(file, kMaximumSystemFile)), mistakes);
  system.file = file;
  resolve_paths(system);
  check_files(system, mistakes);
  if (!is_machine(options.target)) check_process(system, mistakes);
  if (!mistakes.empty()) return fail(mistakes.to_error(file));
  return system;
}

}  // namespace

Result<SystemDescription> describe_system(Options& options) {
  if (!is_system_file(options)) return describe_options(options);
  SystemDescription system = CAIRN_TRY(read_file_of_system(options));
  if (system.cpus && !options.has("--cpus")) options.cpus = *system.cpus;
  if (system.memory_bytes && !options.has("--memory")) options.memory_bytes = *system.memory_bytes;
  return system;
}

Result<LoadedSystem> load_system(SystemDescription description) {
  LoadedSystem system{std::move(description), {}};
  std::map<std::string, uint32_t> known;
  Mistakes mistakes;
  for (ProgramDescription& program : system.description.programs) {
    const auto [place, is_new] = known.emplace(program.module, static_cast<uint32_t>(system.modules.size()));
    program.config.module = place->second;
    if (!is_new) continue;
    Result<std::string> module = load_program(program.module);
    if (!module && system.description.file.empty()) return fail(std::move(module).error());
    if (!module) mistakes.add(program.places.module, module.error().to_string());
    system.modules.push_back(module ? *std::move(module) : "");
  }
  if (!mistakes.empty()) return fail(mistakes.to_error(system.description.file));
  return system;
}

LoadedSystem single_program(std::string name, std::string module) {
  LoadedSystem system;
  ProgramDescription& program = system.description.programs.emplace_back();
  program.config.arguments = {name};
  program.config.name = std::move(name);
  system.description.main = 0;
  system.modules.push_back(std::move(module));
  return system;
}

}  // namespace cairn::cli

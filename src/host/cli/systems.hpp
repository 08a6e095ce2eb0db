// The system that `cairn run` runs: described by the options or by a system file, and loaded.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "host/cli/options.hpp"
#include "host/description/description.hpp"

namespace cairn::cli {

struct LoadedSystem {
  host::SystemDescription description;  // each program's config.module is an index of `modules`
  std::vector<std::string> modules;     // the modules' bytes

  // Whether lines of output begin with the name of the program that wrote them.
  [[nodiscard]] bool marks_output(const Options& options) const {
    return options.marks_output && description.programs.size() > 1;
  }
};

// Describes the system that the options ask for, and sets the options that a system file replaces (cpus, memory_bytes).
// The Error about a system file has a line for each mistake in it. Modules and directories that do not exist are
// mistakes, too, and so are settings that the target does not support.
Result<host::SystemDescription> describe_system(Options& options);

// Reads, assembles or compiles the modules of all programs. Programs that name the same module share it.
Result<LoadedSystem> load_system(host::SystemDescription description);

// Returns a system of one program with this module.
LoadedSystem single_program(std::string name, std::string module);

}  // namespace cairn::cli

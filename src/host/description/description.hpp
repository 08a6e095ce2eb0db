// The description of a system: the programs that run together, on a machine or as threads of one process.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/program_config.hpp"
#include "host/description/position.hpp"
#include "host/description/quantities.hpp"

namespace cairn::host {

struct ProgramDescription {
  ProgramConfig config;  // loading and packing fill in module, preopens and standard_files
  std::string module;    // the path of the module, or of a source that load_program() turns into one
  std::vector<DirectoryMapping> directories;
  bool has_default_root = true;  // whether `/` is in memory if no directory has this name

  // The places in the system file, for mistakes that show later; each is 1:1 without a file.
  struct Places {
    Position module;
    Position weight;
    std::array<Position, kLimits> limits;  // by Limit
    Position minimum_memory;
    std::vector<Position> directories;  // as many as `directories`, or none
  };
  Places places;
};

struct SystemDescription {
  static constexpr size_t kMaximumPrograms = 1024;  // the most programs of a system

  std::vector<ProgramDescription> programs;
  std::optional<uint32_t> main;  // index of the program whose end ends the system; none: no program does
  // The settings of the machine that the system file has.
  std::optional<unsigned> cpus;
  std::optional<uint64_t> memory_bytes;
  std::string file;  // the name of the system file for messages; empty: there is none
};

}  // namespace cairn::host

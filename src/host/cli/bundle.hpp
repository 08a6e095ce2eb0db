// Makes the boot bundle of base/boot_protocol.hpp.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

// A program that runs beside the main one.
struct Companion {
  std::string name;  // name at the beginning of each line of its output; empty: the lines are not marked
  std::vector<std::string> arguments;
  std::string program;  // the module's bytes
};

// `program` holds the module's bytes; `config` is completed from the options. The bundle holds copies of the host's
// directories that the options name.
Result<std::string> make_bundle(const Options& options, BootConfig config, const std::string& program,
                                std::span<const Companion> companions = {});

}  // namespace cairn::cli

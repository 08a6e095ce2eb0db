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
  std::string name;  // marks its output; empty: nothing does
  std::vector<std::string> arguments;
  std::string program;  // the module's bytes
};

// `program` is the module's bytes; `config` is completed from the options. Directories of the host are copied in.
Result<std::string> make_bundle(const Options& options, BootConfig config, const std::string& program,
                                std::span<const Companion> companions = {});

}  // namespace cairn::cli

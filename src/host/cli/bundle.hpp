// Makes the boot bundle of base/boot_protocol.hpp.
#pragma once

#include <string>

#include "base/result.hpp"
#include "host/cli/options.hpp"
#include "host/cli/systems.hpp"

namespace cairn::cli {

// Packs a system, the options' settings of the engine, and copies of the host's directories that the programs get.
// Fails (resource or limit) if the modules or the copies do not fit the machine's memory.
Result<std::string> make_bundle(const Options& options, const LoadedSystem& system);

}  // namespace cairn::cli

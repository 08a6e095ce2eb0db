// Makes the boot bundle of base/boot_protocol.hpp.
#pragma once

#include <string>

#include "base/result.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

// `program` is the module's bytes; `config` is completed from the options. Directories of the host are copied in.
Result<std::string> make_bundle(const Options& options, BootConfig config, const std::string& program);

}  // namespace cairn::cli

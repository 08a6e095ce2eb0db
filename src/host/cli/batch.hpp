// Many files on machines, a boot for as many as fit.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/boot_protocol.hpp"
#include "base/result.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

struct BatchFile {
  std::string name;
  std::string contents;
};

// Boots with the files until all have had their turn. A machine that ends before it is through, or stays with one file
// for longer than `patience_nanoseconds`, is blamed on the file that it was at: a line that begins with `blame` says
// so, and another machine goes on after it. The last line is "N passed, N failed". Returns the status of the command: 0
// when nothing has failed.
Result<int> run_batch(const Options& options, const BootConfig& config, std::span<const BatchFile> files,
                      uint64_t patience_nanoseconds, std::string_view blame);

}  // namespace cairn::cli

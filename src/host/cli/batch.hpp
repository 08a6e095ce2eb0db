// Runs many files (scripts of `wast`, modules of `try`) on machines, as many in one boot as fit.
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
  std::string name;  // the file's path, as messages show it
  std::string contents;
};

// Boots machines until every file has had its turn. If a machine ends while it runs a file, or runs one for longer than
// `patience_nanoseconds`, a line that begins with `blame` names the file, and another machine continues with the next
// one. If a machine ends before its first file, or output is lost, the batch ends there. Otherwise the last line is "N
// passed, N failed". Returns the command's status: 0 when nothing has failed.
Result<int> run_batch(const Options& options, const BootConfig& config, std::span<const BatchFile> files,
                      uint64_t patience_nanoseconds, std::string_view blame);

}  // namespace cairn::cli

// Adds functions' names and source lines to the addresses in a kernel's log.
#pragma once

#include <string>

namespace cairn::cli {

// Returns `log` with llvm-symbolizer's answer added to each line ` #N 0xADDRESS`; unchanged if the symbolizer cannot be
// run.
std::string symbolize_backtrace(const std::string& log, const std::string& symbols);

}  // namespace cairn::cli

// Adds functions' names and source lines to the addresses in a kernel's log.
#pragma once

#include <string>

namespace cairn::cli {

// Returns `log` with llvm-symbolizer's answer added to each line of the form ` #N 0xADDRESS`, or `log` unchanged if the
// symbolizer cannot be run. `symbols` is the path of the kernel's file with symbols.
std::string symbolize_backtrace(const std::string& log, const std::string& symbols);

}  // namespace cairn::cli

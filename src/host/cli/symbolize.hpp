// Names and lines for the addresses in a kernel's log.
#pragma once

#include <string>

namespace cairn::cli {

// `log` with what llvm-symbolizer says of each line `  #N 0xADDRESS` added to that line; unchanged if it cannot be
// asked.
std::string symbolize_backtrace(const std::string& log, const std::string& symbols);

}  // namespace cairn::cli

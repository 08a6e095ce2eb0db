// One sequence of operations, on all file systems at once.
#pragma once

#include <cstdint>

#include "support/input.hpp"

namespace cairn::fuzz {

// What was compared so far in this process.
struct FileStatistics {
  uint64_t sequences = 0, operations = 0, on_linux = 0, full = 0, failed_allocations = 0;
};

// Takes operations until the input is used up; a difference is a finding. The first byte says whether there is room for
// everything, and the same is done on a real directory; or little room, where allocations fail, too.
void run_file_sequence(Input& input);
const FileStatistics& file_statistics();

}  // namespace cairn::fuzz

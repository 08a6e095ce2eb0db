// Performs one sequence of operations on all file systems, and compares their answers.
#pragma once

#include <cstdint>

#include "support/input.hpp"

namespace cairn::fuzz {

// Counts of this process: all operations, those that a real directory performed, too, those that failed for lack of
// room, and the allocations that were made to fail.
struct FileStatistics {
  uint64_t sequences = 0, operations = 0, on_linux = 0, full = 0, failed_allocations = 0;
};

// Takes operations from the input until it is used up. A difference is a finding. The first byte chooses: either there
// is room for everything, and the sequence is performed on a real directory, too; or there is little room, and
// allocations may fail.
void run_file_sequence(Input& input);
const FileStatistics& file_statistics();

}  // namespace cairn::fuzz

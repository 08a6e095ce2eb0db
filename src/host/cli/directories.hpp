// Places the directories of a program in a machine's file system, and copies them into the boot bundle.
#pragma once

#include <cstdint>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/cpio.hpp"
#include "host/description/description.hpp"

namespace cairn::cli {

// The place of one directory. A directory that contains another one on the host contains it on the machine, too, so a
// change in the inner directory is seen in both.
struct PlacedDirectory {
  std::string host;  // the real path, without links
  std::string name;  // name that the program sees
  std::string path;  // path in the machine's file system
  bool is_copied;    // false: it lies in another placed directory, whose copy contains it
};

// Chooses a place for each directory. The program's "/" is "/0". A directory that lies in another one on the host is in
// the copy of that one. Any other directory gets the place of its own name in "/0", unless it overlaps there with a
// directory that was placed before, or its name is "."; then it is "/1", "/2" and so on. Fails (io) if a directory does
// not exist.
Result<std::vector<PlacedDirectory>> place_directories(const std::vector<host::DirectoryMapping>& mappings);

// Whether the program gets a "/" in memory: its description asks for it, and none of its directories has this name.
bool has_default_root(const host::ProgramDescription& program);

// Returns the preopens for the program. The default root comes first if there is one.
std::vector<Preopen> preopens_of(const host::ProgramDescription& program,
                                 const std::vector<PlacedDirectory>& directories);

// Copies the directories into the archive, below `root`. Links are copied, not followed; sockets and devices are left
// out. Subtracts the size of the copies from `budget`, in bytes. Fails (limit) if a file is larger than what is left
// of the budget; such a file is not read.
Result<void> copy_directories(const std::vector<PlacedDirectory>& directories, const std::string& root,
                              uint64_t& budget, CpioWriter& archive);

}  // namespace cairn::cli

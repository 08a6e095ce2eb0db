// Places the directories of --dir in a machine's file system, and copies them into the boot bundle.
#pragma once

#include <cstdint>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/cpio.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

// The place of one directory. The program sees the same directories as on the host: each --dir is a separate directory,
// and directories that overlap on the host overlap on the machine.
struct PlacedDirectory {
  std::string host;  // the real path, without links
  std::string name;  // name that the program sees
  std::string path;  // path in the machine's file system
  bool is_copied;    // false: it lies in another placed directory, whose copy contains it
};

// Chooses a place for each directory. The program's "/" is "/0". A directory gets the place of its own name in "/0",
// unless it would then be visible inside another one; such directories are "/1", "/2" and so on. Fails (io) if a
// directory does not exist.
Result<std::vector<PlacedDirectory>> place_directories(const std::vector<DirectoryMapping>& mappings);

// Whether the program gets a "/" in memory: the options ask for it, and no directory of --dir has this name.
bool has_default_root(const Options& options);

// Returns the preopens for the program. The default root comes first if there is one.
std::vector<Preopen> preopens_of(const Options& options, const std::vector<PlacedDirectory>& directories);

// Copies the directories into the archive, below bundle_member::kRoot. Links are copied, not followed; sockets and
// devices are left out. Fails (limit) if a file does not fit into the rest of `budget` bytes; such a file is not read.
Result<void> copy_directories(const std::vector<PlacedDirectory>& directories, uint64_t budget, CpioWriter& archive);

}  // namespace cairn::cli

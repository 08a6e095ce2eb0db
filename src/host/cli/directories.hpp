// The directories of --dir in a machine's file system.
#pragma once

#include <cstdint>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/cpio.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

// The place of one directory. The program sees the same as on the host: each --dir is a separate directory, and
// directories that overlap on the host overlap on the machine.
struct PlacedDirectory {
  std::string host;  // the real path, without links
  std::string name;  // name that the program sees
  std::string path;  // path in the machine's file system
  bool is_copied;    // false: it lies in another directory, which holds it already
};

// The program's "/" is "/0". A directory goes there, under its own name, unless it would then be visible inside another
// one; such directories are "/1", "/2" and so on. Fails (io) if a directory does not exist.
Result<std::vector<PlacedDirectory>> place_directories(const std::vector<DirectoryMapping>& mappings);

// Whether the program gets "/" in memory: none of the directories has that name, and the user wants one.
bool has_default_root(const Options& options);

// The preopens for the program, with the default root in front if there is one.
std::vector<Preopen> preopens_of(const Options& options, const std::vector<PlacedDirectory>& directories);

// Copies the directories into the archive, below bundle_member::kRoot. Links are copied, not followed; sockets and
// devices are left out. Fails (limit) if a file does not fit into the rest of `budget` bytes; such a file is not read.
Result<void> copy_directories(const std::vector<PlacedDirectory>& directories, uint64_t budget, CpioWriter& archive);

}  // namespace cairn::cli

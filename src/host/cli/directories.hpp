// The directories of --dir in a machine's file system.
#pragma once

#include <cstdint>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/cpio.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

// Where one directory goes. The program sees what it would see on the host: each --dir is a directory of its own,
// whatever the others are, and those that overlap on the host overlap on the machine.
struct PlacedDirectory {
  std::string host;  // the real path, without links
  std::string name;  // as the program sees it
  std::string path;  // in the machine's file system
  bool is_copied;    // false: it lies in another one, which holds it already
};

// Below "/0" is what the program sees as "/". A directory goes there, under its own name, unless it would then be seen
// inside another one; such a one goes to "/1", "/2" and so on. Error (io): there is no such directory.
Result<std::vector<PlacedDirectory>> place_directories(const std::vector<DirectoryMapping>& mappings);

// Whether the program gets "/" in memory: none of the directories has that name, and the user wants one.
bool has_default_root(const Options& options);

// The same for the program, with the default root in front if there is one.
std::vector<Preopen> preopens_of(const Options& options, const std::vector<PlacedDirectory>& directories);

// Copies the directories into the archive, below bundle_member::kRoot. Links are copied, not followed; sockets and
// devices are left out. Error (limit): a file does not fit into `budget` bytes any more; it is not read.
Result<void> copy_directories(const std::vector<PlacedDirectory>& directories, uint64_t budget, CpioWriter& archive);

}  // namespace cairn::cli

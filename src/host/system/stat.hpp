// Conversions between Linux's and WASI's file metadata.
#pragma once

#include <sys/stat.h>

#include "wasi/interface/file.hpp"

namespace cairn::host {

// Returns the same metadata in WASI's form.
wasi::FileStat to_file_stat(const struct stat& from);
// Returns the type of a file. `mode` is the field st_mode.
wasi::FileType to_file_type(uint32_t mode);
// Makes the array of utimensat(): the access time and the modification time.
void to_timespecs(const wasi::SetTimes& times, struct timespec (&result)[2]);

}  // namespace cairn::host

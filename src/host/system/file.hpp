// Opens real files as WASI files.
#pragma once

#include <memory>

#include "wasi/interface/file.hpp"

namespace cairn::host {

// Opens `name` in the open directory `directory` with the flags of openat(). Fails with Errno::isdir if it is a
// directory.
wasi::WasiResult<std::unique_ptr<wasi::File>> open_file_at(int directory, const char* name, int flags);

}  // namespace cairn::host

// Opening real files.
#pragma once

#include <memory>

#include "wasi/interface/file.hpp"

namespace cairn::host {

// `name` in the open directory `directory`, with openat's flags; Errno::isdir for a directory.
wasi::WasiResult<std::unique_ptr<wasi::File>> open_file_at(int directory, const char* name, int flags);

}  // namespace cairn::host

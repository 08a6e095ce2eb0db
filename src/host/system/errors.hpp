// Converts Linux's error numbers to WASI's.
#pragma once

#include "wasi/interface/types.hpp"

namespace cairn::host {

// Returns `success` for 0, and `io` for a number that has no counterpart in WASI.
wasi::Errno to_errno(int linux_errno);
// Returns errno, converted.
wasi::Errno last_errno();

}  // namespace cairn::host

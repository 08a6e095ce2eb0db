// Converts Linux's error numbers to WASI's.
#pragma once

#include "wasi/interface/types.hpp"

namespace cairn::host {

wasi::Errno to_errno(int linux_errno);
// Returns errno, converted.
wasi::Errno last_errno();

}  // namespace cairn::host

// Linux's error numbers as WASI's.
#pragma once

#include "wasi/interface/types.hpp"

namespace cairn::host {

wasi::Errno to_errno(int linux_errno);
// Of the last system call.
wasi::Errno last_errno();

}  // namespace cairn::host

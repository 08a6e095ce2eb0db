// WASI preview 1 for a linker: defines `wasi_snapshot_preview1` and its predecessor `wasi_unstable`.
#pragma once

#include "runtime/linker.hpp"
#include "wasi/context.hpp"

namespace cairn::wasi {

// The context must outlive the linker's store. Functions act on the memory that the calling instance exports as
// "memory".
Result<void> define_wasi(runtime::Linker& linker, Context& context);

}  // namespace cairn::wasi

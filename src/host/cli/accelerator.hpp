// How QEMU runs a machine.
#pragma once

#include "base/result.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

// Of --accel, `tcg` or `kvm` as they are; for `auto`, what works: KVM is tried once with a machine that runs a tiny
// program, and what came of it is kept in the cache for this host. Where it does not work, a line on standard error
// says so.
Result<Accelerator> choose_accelerator(const Options& options);

}  // namespace cairn::cli

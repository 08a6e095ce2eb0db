// Chooses whether QEMU runs a machine by KVM or emulates it (TCG).
#pragma once

#include "base/result.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

// Returns `tcg` or `kvm` as --accel says. For `auto`, KVM is tried once with a machine that runs a tiny program, and
// the result is kept in the cache for this host. If KVM does not work, a line on standard error says so.
Result<Accelerator> choose_accelerator(const Options& options);

}  // namespace cairn::cli

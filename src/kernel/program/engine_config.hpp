// The configuration of an engine in this machine.
#pragma once

#include "base/boot_protocol.hpp"
#include "base/result.hpp"
#include "runtime/engine.hpp"

namespace cairn::kernel {

// Makes the configuration from the boot configuration, with limits that leave enough memory for the kernel: at most a
// quarter of the free memory for compiling a function, and half of the free memory for a store's managed objects.
Result<runtime::EngineConfig> engine_config(const BootConfig& boot);

}  // namespace cairn::kernel

// What an engine in this machine is made with.
#pragma once

#include "base/boot_protocol.hpp"
#include "base/result.hpp"
#include "runtime/engine.hpp"

namespace cairn::kernel {

// As the boot configuration asks, with limits that leave the kernel memory to go on with: a quarter of what is free for
// the compilation of a function, half of it for a store's managed objects.
Result<runtime::EngineConfig> engine_config(const BootConfig& boot);

}  // namespace cairn::kernel

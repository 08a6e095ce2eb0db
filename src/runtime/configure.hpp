// The engine's configuration as users choose it, on every target alike.
#pragma once

#include "base/boot_protocol.hpp"
#include "base/result.hpp"
#include "runtime/engine.hpp"

namespace cairn::runtime {

// The features that are decoded and validated but not executed yet; refused by name and offset.
wasm::Features executable_features();

// For the machine that runs this: its architecture and instruction sets, then what `config` asks for.
Result<EngineConfig> configure_engine(const BootConfig& config);

}  // namespace cairn::runtime

// The engine's configuration as users choose it, on every target alike.
#pragma once

#include "base/boot_protocol.hpp"
#include "base/result.hpp"
#include "runtime/engine.hpp"

namespace cairn::runtime {

// The features that can be executed: all that there are. What is left out here is refused at validation, by name and
// offset.
wasm::Features executable_features();

// For the machine that runs this: its architecture and instruction sets, then what `config` asks for.
Result<EngineConfig> configure_engine(const BootConfig& config);

}  // namespace cairn::runtime

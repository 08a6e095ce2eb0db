// Makes the engine's configuration from the options that users choose. The options are the same on every target.
#pragma once

#include "base/boot_protocol.hpp"
#include "base/result.hpp"
#include "runtime/engine.hpp"

namespace cairn::runtime {

// Returns the WebAssembly features that the engine can execute, which are all features. If one were left out here,
// validation would refuse modules that use it.
wasm::Features executable_features();

// Makes the configuration for the machine that this code runs on: its architecture and instruction sets, then the
// options of `config`. Fails with a usage error if an option is unknown or has a wrong value.
Result<EngineConfig> configure_engine(const BootConfig& config);

}  // namespace cairn::runtime

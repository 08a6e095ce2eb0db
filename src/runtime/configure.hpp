// The engine's configuration as users choose it, on every target alike.
#pragma once

#include "base/boot_protocol.hpp"
#include "base/result.hpp"
#include "runtime/engine.hpp"

namespace cairn::runtime {

// The features that the engine can execute, which are all of them. Validation refuses a feature that is left out here,
// with its name and offset.
wasm::Features executable_features();

// Makes the configuration for the machine that this code runs on: its architecture and instruction sets, then the
// options of `config`.
Result<EngineConfig> configure_engine(const BootConfig& config);

}  // namespace cairn::runtime

// Makes the compiler's target for RV64.
//
// The platform has to provide RV64GC in S-mode or U-mode. The floating-point unit must be enabled, with the rounding
// mode set to nearest; if V is used, the vector unit must be enabled as well. Misaligned loads and stores have to work,
// in hardware or by emulation, since a guest may access any address. With V, VLEN has to be at least 128 bits.
#pragma once

#include <memory>

#include "compiler/codegen/target.hpp"

namespace cairn::rv64 {

// Returns the target for the CPU features of `options`.
std::unique_ptr<codegen::Target> make_rv64_target(const compiler::Options& options);

}  // namespace cairn::rv64

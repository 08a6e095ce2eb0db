// Makes the compiler's target RV64.
//
// The platform has to provide RV64GC in S-mode or U-mode, with the floating-point unit (and with V, the vector unit)
// enabled and its rounding mode set to nearest. Misaligned loads and stores have to work, in hardware or by emulation,
// since a guest may access any address. With V, VLEN has to be at least 128 bits.
#pragma once

#include <memory>

#include "compiler/codegen/target.hpp"

namespace cairn::rv64 {

// Returns the target for the CPU features of `options`.
std::unique_ptr<codegen::Target> make_rv64_target(const compiler::Options& options);

}  // namespace cairn::rv64

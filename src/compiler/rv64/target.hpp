// RV64 as a compilation target.
//
// What the platform must provide: RV64GC in S- or U-mode with the floating-point (and, with V, vector) unit enabled and
// its rounding mode to nearest; misaligned loads and stores, by the hardware or by emulation, since guest addresses may
// be anything. With V: VLEN of at least 128 bits.
#pragma once

#include <memory>

#include "compiler/codegen/target.hpp"

namespace cairn::rv64 {

std::unique_ptr<codegen::Target> make_rv64_target(const compiler::Options& options);

}  // namespace cairn::rv64

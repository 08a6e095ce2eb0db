// Says which registers the expansion of a vector operation needs besides the operation's operands.
#pragma once

#include "compiler/ir/simd.hpp"
#include "compiler/rv64/registers.hpp"

namespace cairn::rv64 {

// The numbers of registers of each class that the instruction sequence of an operation uses besides the operation's
// operands and the scratch registers of emission.
struct SimdNeeds {
  unsigned integers = 0;
  unsigned floats = 0;
  unsigned vectors = 0;       // at present 0 for all operations: v0, v30 and v31 are enough
  bool early_result = false;  // the result must not share a register or slot with an operand
};

// Whether `op` is from `first` to `last`, in the order of compiler/ir/simd.def.
constexpr bool between(ir::SimdOp op, ir::SimdOp first, ir::SimdOp last) { return op >= first && op <= last; }

// These functions return the needs of Pseudo::simd with the operation `op`, of Pseudo::simd_shuffle, and of the loads
// and stores of vectors (Pseudo::simd_load and so on).
SimdNeeds needs_of(ir::SimdOp op, Vectors vectors);
SimdNeeds needs_of_shuffle(Vectors vectors);
SimdNeeds needs_of_access(Vectors vectors);

}  // namespace cairn::rv64

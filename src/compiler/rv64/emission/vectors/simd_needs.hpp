// What the vector operations need around them.
#pragma once

#include "compiler/ir/simd.hpp"
#include "compiler/rv64/registers.hpp"

namespace cairn::rv64 {

// Registers that the sequence of an operation uses besides its operands and the emitter's scratch registers.
struct SimdNeeds {
  unsigned integers = 0;
  unsigned floats = 0;
  unsigned vectors = 0;       // with V only
  bool early_result = false;  // the result is written before all uses are read
};

// Whether an operation lies between two others in the order of compiler/ir/simd.def, which are included.
constexpr bool between(ir::SimdOp op, ir::SimdOp first, ir::SimdOp last) { return op >= first && op <= last; }

SimdNeeds needs_of(ir::SimdOp op, Vectors vectors);
SimdNeeds needs_of_shuffle(Vectors vectors);
SimdNeeds needs_of_access(Vectors vectors);

}  // namespace cairn::rv64

// Expands vector operations for CPUs with the V extension. The expansions may overwrite the vector registers v0 (the
// mask), v30 and v31, and the scalar registers t5, t6 and ft11.
#pragma once

#include "base/assert.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

class VectorSimd {
 public:
  using Operands = std::span<const codegen::Allocation>;
  VectorSimd(Emitter& emitter, const MachineInst& inst, Operands operands);

  // Each function that returns bool expands the operations of its family, and returns false for all other operations.
  bool lane_moves(ir::SimdOp op);  // splats, lanes, swizzle
  bool bitwise(ir::SimdOp op);
  bool compares(ir::SimdOp op);  // comparisons of integers
  bool arithmetic(ir::SimdOp op);
  bool saturating_arithmetic(ir::SimdOp op);  // saturating operations, and averages
  bool unary_arithmetic(ir::SimdOp op);
  bool reductions(ir::SimdOp op);  // all_true, bitmask
  bool shifts(ir::SimdOp op);
  bool reshaping(ir::SimdOp op);  // narrowing, extensions, pairwise operations, dot products
  bool floats(ir::SimdOp op);
  bool conversions(ir::SimdOp op);
  void shuffle();  // expands Pseudo::simd_shuffle

 private:
  // Parameters of type unsigned are sizes of lanes in bytes, except `kind`.

  // Configures the vector unit for 16 / size lanes of `size` bytes.
  void full(unsigned size);
  // Configures the vector unit for all 128 bits, for bitwise operations. These do not depend on the size of the lanes,
  // so full() of any size is enough, and whole() changes nothing after it.
  void whole();
  // Configures the vector unit for 8 / size lanes of `size` bytes. In widening and narrowing operations these are the
  // narrow lanes.
  void half(unsigned size);
  // Sets a lane of result_ to -1 if its bit in v0 is set, and to 0 otherwise.
  void ones_where_mask();
  // Emits `operation` on a_ and b_ in lanes of `size` bytes. Always returns true.
  bool binary(unsigned size, Op operation);
  // `kind` is 0 for eq, 1 for ne, 2 for lt, 3 for gt, 4 for le and 5 for ge.
  void compare(unsigned size, unsigned kind, bool is_unsigned);
  void float_compare(unsigned size, unsigned kind);
  // Narrows the lanes of a_ and b_ to `to` bytes, with saturation to signed or unsigned numbers.
  void narrow(unsigned to, bool is_unsigned);
  // These two functions extend or multiply half of the lanes of `from` bytes: the high half if `high` is set.
  void extend(unsigned from, bool high, bool is_signed);
  void multiply_wide(unsigned from, bool high, bool is_signed);
  // Multiplies signed lanes of `from` bytes, and puts the sums of neighbouring products in the register `to`.
  void dot(PReg to, unsigned from);
  // Puts the sums of neighbouring lanes of `vector` in the register `to`.
  void pairwise(PReg to, PReg vector, unsigned from, bool is_signed);
  void extremes(unsigned size, bool is_min);  // expands min or max
  void round(unsigned size, Rounding rounding);
  void convert_rounded(Op operation, PReg to, PReg from, Rounding rounding);

  Emitter& e_;
  Assembler& as_;
  const MachineInst& inst_;
  PReg a_, b_, c_;                   // registers of the operands that are vectors
  PReg result_;                      // of a result that is a vector
  PReg scalar_use_, scalar_result_;  // of an operand or a result that is a scalar
};

}  // namespace cairn::rv64

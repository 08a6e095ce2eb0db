// Expands vector operations for CPUs without the V extension, where every vector is in a stack slot of 16 bytes. An
// expansion handles one lane after the other: it loads from slots, computes in three integer and two floating-point
// temporaries, and stores to a slot.
#pragma once

#include "base/assert.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

class ScalarSimd {
 public:
  using Operands = std::span<const codegen::Allocation>;
  ScalarSimd(Emitter& emitter, const MachineInst& inst, Operands operands);

  // Each function that returns bool expands the operations of its family, and returns false for all other operations.
  bool lane_moves(ir::SimdOp op);  // splats, lanes, swizzle
  bool bitwise(ir::SimdOp op);
  bool compares(ir::SimdOp op);  // comparisons of integers
  bool arithmetic(ir::SimdOp op);
  bool saturating_arithmetic(ir::SimdOp op);  // saturating operations, and averages
  bool unary_arithmetic(ir::SimdOp op);
  bool reductions(ir::SimdOp op);  // all_true, bitmask
  bool shifts(ir::SimdOp op);
  bool reshaping(ir::SimdOp op);  // narrowing, dot products
  bool widening(ir::SimdOp op);   // extensions, extending multiplications, pairwise additions
  bool floats(ir::SimdOp op);
  bool conversions(ir::SimdOp op);
  void shuffle();  // expands Pseudo::simd_shuffle

 private:
  // Parameters of type unsigned are sizes of lanes in bytes, except `operand`, `lane`, `operand_count` and `kind`.

  enum class Sign : uint8_t { zero, sign };  // how a narrow lane is extended to a register
  static constexpr Rounding kNearest = Rounding::rne;

  // --- Accesses to a lane of `size` bytes: loads read the operand with the number `operand`, stores write the result.
  void load(PReg reg, unsigned operand, unsigned size, unsigned lane, Sign sign = Sign::sign);
  void store(PReg reg, unsigned size, unsigned lane);
  void load_float(PReg reg, unsigned operand, unsigned size, unsigned lane);
  void store_float(PReg reg, unsigned size, unsigned lane);
  // Calls `f` for every lane, after code that loads the lanes of the first one or two operands to x_ and y_. The code
  // that `f` emits leaves the result in x_.
  template <class F>
  void lanes(unsigned size, Sign sign, unsigned operand_count, F&& f) {
    for (unsigned lane = 0; lane < 16 / size; ++lane) {
      load(x_, 0, size, lane, sign);
      if (operand_count == 2) load(y_, 1, size, lane, sign);
      f();
      store(x_, size, lane);
    }
  }
  // Calls `f` for every lane, after code that loads the lanes of one to three operands to f0_, f1_ and kFloatScratch.
  // The code that `f` emits leaves the result in f0_.
  template <class F>
  void float_lanes(unsigned size, unsigned operand_count, F&& f) {
    for (unsigned lane = 0; lane < 16 / size; ++lane) {
      load_float(f0_, 0, size, lane);
      if (operand_count >= 2) load_float(f1_, 1, size, lane);
      if (operand_count >= 3) load_float(kFloatScratch, 2, size, lane);
      f();
      store_float(f0_, size, lane);
    }
  }
  // Turns a 1 in x_ into -1, and leaves a 0 unchanged.
  void mask();
  // Limits a signed number to the range from `low` to `high`. Overwrites t6.
  void clamp(PReg reg, int64_t low, int64_t high);
  // Replaces a byte in x_ by the number of its bits that are set.
  void popcount_byte();
  // `kind` is 0 for eq, 1 for ne, 2 for lt, 3 for gt, 4 for le and 5 for ge. `less` is slt or sltu.
  void compare(unsigned size, Op less, Sign sign, unsigned kind);
  void float_compare(unsigned size, unsigned kind);
  void round_lanes(unsigned size, Rounding rounding);
  void extremes(unsigned size, bool is_min);         // expands min or max
  void pseudo_extremes(unsigned size, bool is_min);  // expands pmin or pmax
  // Converts the float of `from` bytes in f0_ to an integer of 32 bits in x_, with saturation. NaN becomes 0.
  void truncate_lane(unsigned from, bool is_unsigned);
  void zero_high_half();  // stores 0 to the upper 8 bytes of the result

  Emitter& e_;
  Assembler& as_;
  const MachineInst& inst_;
  unsigned uses_ = 0;  // the number of operands that are read
  // The slots of the operands that are vectors, and of a result that is one: byte offsets from the stack pointer, or
  // -1.
  int64_t slots_[3] = {-1, -1, -1};
  int64_t result_slot_ = -1;
  PReg scalar_use_;           // the operand that is a scalar, if there is one
  PReg scalar_result_;        // the result, if it is a scalar
  PReg x_, y_, z_, f0_, f1_;  // the temporaries
};

}  // namespace cairn::rv64

// Evaluation of operations on constants, exactly as WebAssembly has it ([wasm 4.3]).
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

// Constants are held as Instruction::immediate holds them: an i32 sign-extended, a float as its bits.

// Operations of one or two integer operands of `type` (for conversions: the result's type) with an integer result; `b`
// is ignored by unary ones. None when the operation traps, or is no such operation.
std::optional<int64_t> fold_integer(Opcode opcode, Type type, int64_t a, int64_t b);

// `type` is that of the operands.
bool fold_compare(Condition condition, Type type, int64_t a, int64_t b);

// Operations on floats that only move bits, so that no rounding and no NaN is in question: the sign operations (`type`
// is the result's) and bitcast.
std::optional<int64_t> fold_float_bits(Opcode opcode, Type type, int64_t a, int64_t b);

}  // namespace cairn::ir

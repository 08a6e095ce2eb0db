// Evaluates operations on constants, exactly as WebAssembly defines them ([wasm 4.3]).
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

// Constants have the form of Instruction::immediate: an i32 is sign-extended, a float is its bits.

// Evaluates an operation on one or two integer operands of `type` (for conversions: the result's type) with an integer
// result. Unary operations ignore `b`. Returns nullopt if the operation traps or is of another kind.
std::optional<int64_t> fold_integer(Opcode opcode, Type type, int64_t a, int64_t b);

// Evaluates icmp on two constants of `type`.
bool fold_compare(Condition condition, Type type, int64_t a, int64_t b);

// Evaluates operations on floats that only move bits, so that neither rounding nor NaNs matter: the sign operations and
// bitcast. `type` is the type of the result.
std::optional<int64_t> fold_float_bits(Opcode opcode, Type type, int64_t a, int64_t b);

}  // namespace cairn::ir

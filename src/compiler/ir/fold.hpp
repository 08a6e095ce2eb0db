// Evaluates operations on constants, exactly as WebAssembly defines them ([wasm 4.3]).
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

// Constants have the form of Instruction::immediate: an i32 is sign-extended, and a float is given by its bits (those
// of an f32 are zero-extended).

// Evaluates an operation on one or two integers of `type`. For wrap, sextend and uextend, `type` is that of the result.
// Unary operations ignore `b`. Returns nullopt if the operation traps or is of another kind.
std::optional<int64_t> fold_integer(Opcode opcode, Type type, int64_t a, int64_t b);

// Returns whether the condition of an icmp holds for two constants of `type`.
bool fold_compare(Condition condition, Type type, int64_t a, int64_t b);

// Evaluates operations on floats that only move bits, so that neither rounding nor NaNs matter: the sign operations and
// bitcast. `type` is the type of the result. Unary operations ignore `b`. Returns nullopt for other operations.
std::optional<int64_t> fold_float_bits(Opcode opcode, Type type, int64_t a, int64_t b);

}  // namespace cairn::ir

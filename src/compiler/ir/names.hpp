// The names of the IR's enumerations in its text form.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

// Each of these functions returns the name of an enumerator.
std::string_view to_string(Type type);
std::string_view to_string(Condition condition);
std::string_view to_string(AliasClass alias);
std::string_view to_string(CalleeKind kind);
std::string_view to_string(AtomicOp op);
// Returns the name of a trap's enumerator, such as `integer_overflow`.
std::string_view trap_name(wasm::TrapKind kind);

// Each of these functions returns nullopt if the text names no enumerator.
std::optional<Type> parse_type(std::string_view text);
std::optional<Condition> parse_condition(std::string_view text);
std::optional<AliasClass> parse_alias_class(std::string_view text);
std::optional<CalleeKind> parse_callee_kind(std::string_view text);
std::optional<AtomicOp> parse_atomic_op(std::string_view text);
std::optional<wasm::TrapKind> parse_trap(std::string_view text);
std::optional<SimdOp> parse_simd(std::string_view text);

// What the text of an operation shows in addition to its operands, in the order of the text.
enum class Payload : uint8_t {
  none,
  integer,        // immediate, in decimal
  bits,           // immediate, in hexadecimal
  vector,         // the vector constant that immediate indexes
  condition,      // condition(), as a suffix of the mnemonic
  scale,          // immediate: the scale of array_address
  position,       // immediate: which result it is
  simd,           // simd(), in front of the operands
  simd_lane,      // simd(), in front of the operands, and lane()
  access,         // memory_access()
  access_lane,    // lane(), then memory_access()
  access_simd,    // simd(), in front of the operands, and memory_access()
  access_atomic,  // atomic_op(), in front of the operands, and memory_access()
  displacement,   // immediate, then memory_access()
  trap,           // trap_kind()
  check,          // condition(), in front of the operands, and trap_kind()
  call,           // call_info(), in front of the operands
  invoke,         // call_info(), in front of the operands, and targets()
  targets,        // targets()
};
// Whether the payload begins with a callee and a signature.
constexpr bool is_call(Payload payload) { return payload == Payload::call || payload == Payload::invoke; }
Payload payload_of(Opcode opcode);

// Whether the type of a result follows the opcode in the text, as in `iadd.i32`. If it does not, the parser knows the
// type from the opcode.
bool has_type_suffix(Opcode opcode);

inline constexpr Opcode kLastOpcode = Opcode::trap;  // the last one in opcodes.def

}  // namespace cairn::ir

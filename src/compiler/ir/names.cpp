#include "compiler/ir/names.hpp"

#include <cstddef>

namespace cairn::ir {

namespace {

constexpr std::string_view kTypes[] = {"none", "i32", "i64", "f32", "f64", "v128", "ref", "gcref"};
constexpr std::string_view kConditions[] = {"eq",  "ne",  "slt", "sle", "sgt", "sge", "ult", "ule",
                                            "ugt", "uge", "feq", "fne", "flt", "fle", "fgt", "fge"};
constexpr std::string_view kAliasClasses[] = {"immutable", "memory",  "memory_length", "table", "table_header",
                                              "global",    "runtime", "heap_layout",   "field"};
constexpr std::string_view kCallees[] = {"direct", "import", "reference", "builtin"};
constexpr std::string_view kAtomicOps[] = {"add", "sub", "and", "or", "xor", "xchg"};
constexpr std::string_view kTraps[] = {
#define CAIRN_TRAP(id, message) #id,
#include "wasm/types/trap.def"
#undef CAIRN_TRAP
};
constexpr std::string_view kSimd[] = {
#define CAIRN_SIMD(name, text) text,
#include "compiler/ir/simd.def"
#undef CAIRN_SIMD
};

template <class E>
std::optional<E> find(std::span<const std::string_view> names, std::string_view text) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Type type) { return kTypes[static_cast<size_t>(type)]; }
std::string_view to_string(Condition condition) { return kConditions[static_cast<size_t>(condition)]; }
std::string_view to_string(AliasClass alias) { return kAliasClasses[static_cast<size_t>(alias)]; }
std::string_view to_string(CalleeKind kind) { return kCallees[static_cast<size_t>(kind)]; }
std::string_view to_string(AtomicOp op) { return kAtomicOps[static_cast<size_t>(op)]; }
std::string_view trap_name(wasm::TrapKind kind) { return kTraps[static_cast<size_t>(kind)]; }

std::optional<Type> parse_type(std::string_view text) { return find<Type>(kTypes, text); }
std::optional<Condition> parse_condition(std::string_view text) { return find<Condition>(kConditions, text); }
std::optional<AliasClass> parse_alias_class(std::string_view text) { return find<AliasClass>(kAliasClasses, text); }
std::optional<CalleeKind> parse_callee_kind(std::string_view text) { return find<CalleeKind>(kCallees, text); }
std::optional<AtomicOp> parse_atomic_op(std::string_view text) { return find<AtomicOp>(kAtomicOps, text); }
std::optional<wasm::TrapKind> parse_trap(std::string_view text) { return find<wasm::TrapKind>(kTraps, text); }
std::optional<SimdOp> parse_simd(std::string_view text) { return find<SimdOp>(kSimd, text); }

Payload payload_of(Opcode opcode) {
  switch (opcode) {
    case Opcode::iconst:
    case Opcode::gc_test:
    case Opcode::type_id: return Payload::integer;
    case Opcode::fconst: return Payload::bits;
    case Opcode::vconst:
    case Opcode::simd_shuffle: return Payload::vector;
    case Opcode::icmp:
    case Opcode::fcmp: return Payload::condition;
    case Opcode::array_address: return Payload::scale;
    case Opcode::invoke_result:
    case Opcode::result: return Payload::position;
    case Opcode::simd_unary:
    case Opcode::simd_binary:
    case Opcode::simd_ternary: return Payload::simd;
    case Opcode::simd_extract:
    case Opcode::simd_replace: return Payload::simd_lane;
    case Opcode::heap_load:
    case Opcode::heap_store:
    case Opcode::heap_load_splat:
    case Opcode::gc_address:
    case Opcode::gc_barrier:
    case Opcode::heap_load_zero:
    case Opcode::atomic_load:
    case Opcode::atomic_store:
    case Opcode::atomic_cas: return Payload::access;
    case Opcode::atomic_rmw: return Payload::access_atomic;
    case Opcode::heap_load_lane:
    case Opcode::heap_store_lane: return Payload::access_lane;
    case Opcode::heap_load_extend: return Payload::access_simd;
    case Opcode::load:
    case Opcode::store:
    case Opcode::gc_new: return Payload::displacement;
    case Opcode::trap_if:
    case Opcode::trap_unless:
    case Opcode::trap: return Payload::trap;
    case Opcode::checked: return Payload::check;
    case Opcode::call:
    case Opcode::return_call: return Payload::call;
    case Opcode::invoke: return Payload::invoke;
    case Opcode::jump:
    case Opcode::branch:
    case Opcode::br_table: return Payload::targets;
    default: return Payload::none;
  }
}

bool has_type_suffix(Opcode opcode) {
  switch (opcode) {
    case Opcode::icmp:
    case Opcode::fcmp:
    case Opcode::gc_address:
    case Opcode::gc_bits:
    case Opcode::gc_from_bits:
    case Opcode::gc_new:
    case Opcode::gc_test:
    case Opcode::type_id:
    case Opcode::vmctx: return false;
    default: return true;
  }
}

}  // namespace cairn::ir

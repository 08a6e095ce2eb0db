// One function in SSA form: the IR between WebAssembly and machine code.
//
// A control-flow graph of basic blocks with block parameters. Everything is a dense 32-bit id into an arena array:
//   Value  an instruction (its result) or a block parameter; instructions and values share one numbering, so that an
//          instruction that has no result is simply a Value of type `none`.
//   Block  parameters, a doubly linked chain of instructions, the last of which is the terminator.
// Terminators carry their targets with the arguments for the target's parameters. The entry block is block 0; its
// parameters are the function's, nothing branches to it.
//
// The IR knows neither WebAssembly's encoding nor any target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.hpp"
#include "base/assert.hpp"
#include "base/id.hpp"
#include "compiler/ir/simd.hpp"
#include "wasm/types/trap.hpp"

namespace cairn::ir {

using Value = Id<struct ValueTag>;
using Block = Id<struct BlockTag>;

// ref: a 64-bit pointer to a VMFuncRef, or null. gcref: a 32-bit reference of the managed heap (abi/heap_layout.hpp),
// an i31 or null; what a collection may change. In machine code it is zero-extended to 64 bits, in registers and in
// stack slots.
enum class Type : uint8_t { none, i32, i64, f32, f64, v128, ref, gcref };
constexpr unsigned size_of(Type type) {
  switch (type) {
    case Type::none: return 0;
    case Type::i32:
    case Type::gcref:
    case Type::f32: return 4;
    case Type::i64:
    case Type::f64:
    case Type::ref: return 8;
    case Type::v128: return 16;
  }
  return 0;
}
// What travels in integer registers.
constexpr bool is_integer(Type type) {
  return type == Type::i32 || type == Type::i64 || type == Type::ref || type == Type::gcref;
}
constexpr bool is_float(Type type) { return type == Type::f32 || type == Type::f64; }

inline constexpr unsigned kVariable = 255;

enum class Opcode : uint16_t {
#define CAIRN_IR_OPCODE(name, text, operands, effects) name,
#include "compiler/ir/opcodes.def"
#undef CAIRN_IR_OPCODE
};

enum class Effects : uint8_t { pure, trapping, reads, writes, atomic, call, control };

struct OpcodeFacts {
  std::string_view text;
  uint8_t operands;  // kVariable for lists
  Effects effects;
};
inline constexpr OpcodeFacts kOpcodeFacts[] = {
#define CAIRN_IR_OPCODE(name, text, operands, effects) {text, operands, Effects::effects},
#include "compiler/ir/opcodes.def"
#undef CAIRN_IR_OPCODE
};
constexpr const OpcodeFacts& facts(Opcode opcode) { return kOpcodeFacts[static_cast<size_t>(opcode)]; }

enum class Condition : uint8_t {
  eq,
  ne,
  slt,
  sle,
  sgt,
  sge,
  ult,
  ule,
  ugt,
  uge,  // icmp
  feq,
  fne,
  flt,
  fle,
  fgt,
  fge,  // fcmp, WebAssembly's: only fne is true on NaN
};
Condition swapped(Condition condition);  // of (b, a)
// The condition that holds exactly when this one does not; integers only (an unordered float compare has none).
Condition inverted(Condition condition);

// What a load or store may overlap. Two accesses of different classes never touch the same bytes.
enum class AliasClass : uint8_t {
  immutable,      // never written while a function runs: bases, imports, funcref contents, type ids
  memory,         // guest memory number MemoryAccess::memory (two imported memories may be one: see memories_may_alias)
  memory_length,  // changes at memory.grow, so at any call
  table,          // elements
  table_header,   // base and length of a table: change at table.grow, so at any call
  global,         // cells of mutable globals; MemoryAccess::memory is the global's index, imported ones may alias
  runtime,        // everything else
  heap_layout,    // where objects are: changes at safepoints
  field,          // objects' fields and elements; accesses of different MemoryAccess::index never touch the same bytes
};

// MemoryAccess::index, in the class `field`: from here on of what is written only while its object is made, before any
// load of it.
inline constexpr uint32_t kConstantFields = 0x8000'0000;
// Of exceptions' tags and payloads.
inline constexpr uint32_t kExceptionFields = 0xffff'fffe;
// Of arrays' lengths.
inline constexpr uint32_t kLengthField = 0xffff'fffd;

enum class Extension : uint8_t { none, sign, zero };

// What atomic_rmw does to the old value and its operand.
enum class AtomicOp : uint8_t { add, sub, and_, or_, xor_, xchg };

// The facts of a load or store. 16 bytes, in Function::accesses.
struct MemoryAccess {
  uint64_t offset = 0;
  uint32_t index = 0;  // memory, table, global or field index, by alias class
  uint8_t size = 4;    // bytes that are accessed: 1, 2, 4, 8, 16
  Extension extension = Extension::none;
  AliasClass alias = AliasClass::memory;
  bool can_fault = false;
  wasm::TrapKind trap = wasm::TrapKind::out_of_bounds_memory_access;  // when it faults
  bool operator==(const MemoryAccess&) const = default;
};

// What a gc_test asks for, in its immediate().
struct GcTest {
  // Of the any hierarchy: eq is struct, array or i31. func: only whether it is null.
  enum class Kind : uint8_t { concrete, structure, array, i31, eq, any, none };
  Kind kind = Kind::concrete;
  bool is_exact = false;  // concrete: the type is final
  bool accepts_null = false;
  bool may_be_null = true;  // what the reference may be, by its type
  bool may_be_i31 = true;
  uint16_t depth = 0;  // concrete: the number of supertypes above
  uint32_t type = 0;   // concrete: index in the module

  [[nodiscard]] constexpr int64_t pack() const {
    return int64_t{type} | int64_t{depth} << 32 | int64_t{static_cast<uint8_t>(kind)} << 48 | int64_t{is_exact} << 56 |
           int64_t{accepts_null} << 57 | int64_t{may_be_null} << 58 | int64_t{may_be_i31} << 59;
  }
  static constexpr GcTest unpack(int64_t bits) {
    GcTest test;
    test.type = static_cast<uint32_t>(bits);
    test.depth = static_cast<uint16_t>(bits >> 32);
    test.kind = static_cast<Kind>(bits >> 48 & 0xff);
    test.is_exact = (bits >> 56 & 1) != 0;
    test.accepts_null = (bits >> 57 & 1) != 0;
    test.may_be_null = (bits >> 58 & 1) != 0;
    test.may_be_i31 = (bits >> 59 & 1) != 0;
    return test;
  }
};

// A control transfer's target and the arguments for its parameters.
struct Target {
  Block block;
  uint32_t first_argument = 0;  // into Function::value_lists
  uint32_t argument_count = 0;
};

// A signature in IR types. `params` and `results` are ranges of Function::types.
struct Signature {
  std::span<const Type> params;
  std::span<const Type> results;
};

enum class CalleeKind : uint8_t {
  direct,     // a function of this module by function index
  import,     // an imported function by function index
  reference,  // the first argument value is a VMFuncRef pointer; non-null (or faulting: see trap) and of the right type
  builtin,    // a runtime function of the C calling convention, by number; first argument (VMContext) is implied
};

// The runtime's functions that compiled code calls (abi/builtins.def numbers them).
struct CallInfo {
  CalleeKind kind = CalleeKind::direct;
  uint32_t callee = 0;          // function index, or builtin number
  Signature signature;          // of the wasm-level call: without the reference operand
  uint32_t first_argument = 0;  // into Function::value_lists; for `reference` the VMFuncRef comes first
  uint32_t argument_count = 0;
  // reference: the trap when the VMFuncRef is null; the access through null faults.
  wasm::TrapKind null_trap = wasm::TrapKind::null_function_reference;
};

enum class BranchHint : uint8_t { none, likely, unlikely };  // that the first target is taken

// 32 bytes. Use the accessors of Function and the inline ones here, not the raw fields. Operands that do not fit in
// `operands` lie in Function::value_lists from index `extra`: four for add128 and sub128, `immediate` many for return_;
// the four of atomic_cas from index `immediate`; those of calls are where the CallInfo says.
struct Instruction {
  Opcode opcode = Opcode::iconst;
  Type type = Type::none;
  uint8_t aux = 0;        // condition, lane, trap kind, atomic operation or branch hint
  uint32_t position = 0;  // offset in the module's bytes of the wasm instruction; 0 when there is none
  Value operands[3];      // unused ones are none
  uint32_t extra = 0;     // index into a side table: accesses, calls, target_lists, value_lists
  int64_t immediate = 0;

  [[nodiscard]] Condition condition() const { return static_cast<Condition>(aux); }
  [[nodiscard]] unsigned lane() const { return aux; }
  [[nodiscard]] AtomicOp atomic_op() const { return static_cast<AtomicOp>(aux); }
  [[nodiscard]] wasm::TrapKind trap_kind() const { return static_cast<wasm::TrapKind>(aux); }
  [[nodiscard]] BranchHint branch_hint() const { return static_cast<BranchHint>(aux); }
  [[nodiscard]] SimdOp simd() const { return static_cast<SimdOp>(immediate); }
};
static_assert(sizeof(Instruction) == 32);

struct BlockData {
  Value first;  // of the chain
  Value last;
  uint32_t first_param = 0;  // into Function::value_lists
  uint32_t param_count = 0;
  // Loop headers are marked by the builder: a block is one exactly when a back edge targets it. Wasm makes only
  // reducible graphs.
  bool is_loop_header = false;
  bool is_cold = false;     // ends in a trap or is hinted unlikely
  uint16_t loop_depth = 0;  // 0 outside all loops
};

class Function {
 public:
  explicit Function(Arena& arena);

  // --- reading
  [[nodiscard]] uint32_t value_count() const { return static_cast<uint32_t>(instructions.size()); }
  [[nodiscard]] uint32_t block_count() const { return static_cast<uint32_t>(blocks.size()); }
  Instruction& operator[](Value value) { return instructions[value.index()]; }
  const Instruction& operator[](Value value) const { return instructions[value.index()]; }
  BlockData& operator[](Block block) { return blocks[block.index()]; }
  const BlockData& operator[](Block block) const { return blocks[block.index()]; }
  [[nodiscard]] Value next(Value value) const { return links[value.index()].next; }
  [[nodiscard]] Value previous(Value value) const { return links[value.index()].previous; }
  [[nodiscard]] Block block_of(Value value) const { return links[value.index()].block; }  // none: removed
  [[nodiscard]] Value terminator(Block block) const { return blocks[block.index()].last; }

  [[nodiscard]] std::span<const Value> params(Block block) const;
  // The operands of any instruction as one list: fixed ones, list arguments of calls and returns; not the arguments of
  // branch targets. A missing optional operand (no base) is in the span as Value::none().
  [[nodiscard]] std::span<const Value> operands(Value instruction) const;
  [[nodiscard]] std::span<Value> operands(Value instruction);
  // Targets of a terminator, empty for others.
  [[nodiscard]] std::span<const Target> targets(Value terminator) const {
    return const_cast<Function*>(this)->targets(terminator);
  }
  [[nodiscard]] std::span<Target> targets(Value terminator) {
    const Instruction& inst = instructions[terminator.index()];
    switch (inst.opcode) {
      case Opcode::jump:
      case Opcode::branch:
      case Opcode::br_table: return target_lists.as_span().subspan(inst.extra, static_cast<size_t>(inst.immediate));
      case Opcode::invoke: return target_lists.as_span().subspan(static_cast<size_t>(inst.immediate), 2);
      default: return {};
    }
  }
  [[nodiscard]] std::span<const Value> arguments(const Target& target) const;
  [[nodiscard]] std::span<Value> arguments(const Target& target);
  [[nodiscard]] const MemoryAccess& memory_access(Value instruction) const;
  [[nodiscard]] const CallInfo& call_info(Value instruction) const;
  [[nodiscard]] CallInfo& call_info(Value instruction);

  // --- building and changing
  Block create_block();
  Value append_param(Block block, Type type);
  Value append(Block block, const Instruction& instruction);  // at the end of the chain
  Value insert_before(Value position, const Instruction& instruction);
  void remove(Value instruction);  // from its chain; its uses must be gone
  void move_before(Value instruction, Value position);
  uint32_t add_values(std::span<const Value> values);  // returns the first index in value_lists
  uint32_t add_access(const MemoryAccess& access);
  uint32_t add_call(const CallInfo& call);
  void set_targets(Instruction& terminator, std::span<const Target> targets);  // two for an invoke
  int64_t add_vector_constant(const V128& value);
  // Gives the instructions and all tables back to the arena: nothing is left of the function.
  void recycle();
  std::span<Type> add_types(size_t count);
  // Drops the parameters (and all arguments for them) whose positions are false in `keep`.
  void keep_params(Block block, std::span<const bool> keep);

  Arena& arena;
  Signature signature;
  uint32_t function_index = 0;

  // The storage; passes may read it directly, and write through the functions above.
  struct Links {
    Value previous, next;
    Block block;
  };
  ArenaVector<Instruction> instructions;
  ArenaVector<Links> links;  // parallel to instructions
  ArenaVector<BlockData> blocks;
  ArenaVector<Value> value_lists;
  ArenaVector<MemoryAccess> accesses;
  ArenaVector<CallInfo> calls;
  ArenaVector<Target> target_lists;  // `immediate` many from index `extra`; two from `immediate` for an invoke
  ArenaVector<V128> vector_constants;
};

}  // namespace cairn::ir

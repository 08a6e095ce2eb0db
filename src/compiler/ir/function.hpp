// One function in SSA form: the IR between WebAssembly and machine code.
//
// The function is a control-flow graph of basic blocks with block parameters. Values and blocks are dense 32-bit
// indices of arrays in an arena:
// - A Value is an instruction, which stands for its result, or a block parameter. An instruction without a result is a
//   Value of type `none`.
// - A Block has parameters, and a doubly linked chain of instructions that ends in the terminator.
// Terminators carry their targets with the arguments for the targets' parameters. The entry block is block 0. Its
// parameters are the function's, and no branch leads to it.
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

// The types of values. A ref is a 64-bit pointer to a VMFuncRef (abi/vmcontext.hpp), or null. A gcref is a 32-bit
// reference into the managed heap (abi/heap_layout.hpp), an i31 or null; a collection may change it. In machine code, a
// gcref is zero-extended to 64 bits, in registers and in stack slots.
enum class Type : uint8_t { none, i32, i64, f32, f64, v128, ref, gcref };
// Returns the size of a value in bytes.
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
// Whether values of the type are kept in integer registers.
constexpr bool is_integer(Type type) {
  return type == Type::i32 || type == Type::i64 || type == Type::ref || type == Type::gcref;
}
constexpr bool is_float(Type type) { return type == Type::f32 || type == Type::f64; }

inline constexpr unsigned kVariable = 255;  // OpcodeFacts::operands of an operation with a variable number of operands

enum class Opcode : uint16_t {
#define CAIRN_IR_OPCODE(name, text, operands, effects) name,
#include "compiler/ir/opcodes.def"
#undef CAIRN_IR_OPCODE
};

// opcodes.def explains the effects.
enum class Effects : uint8_t { pure, trapping, reads, writes, atomic, call, control };

struct OpcodeFacts {
  std::string_view text;  // the name in the IR's text form
  uint8_t operands;       // number of operands, or kVariable
  Effects effects;
};
inline constexpr OpcodeFacts kOpcodeFacts[] = {
#define CAIRN_IR_OPCODE(name, text, operands, effects) {text, operands, Effects::effects},
#include "compiler/ir/opcodes.def"
#undef CAIRN_IR_OPCODE
};
constexpr const OpcodeFacts& facts(Opcode opcode) { return kOpcodeFacts[static_cast<size_t>(opcode)]; }

// The conditions of icmp (eq to uge) and of fcmp (feq to fge). If an operand is a NaN, only fne holds.
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
  uge,
  feq,
  fne,
  flt,
  fle,
  fgt,
  fge,
};
// Returns the condition that holds for (b, a) exactly when `condition` holds for (a, b).
Condition swapped(Condition condition);
// Returns the condition that holds exactly when `condition` does not. Must not be called for flt, fle, fgt or fge: with
// a NaN both flt and fge are false, for example, so these four have no inverse.
Condition inverted(Condition condition);

// The memory that a load or store accesses. Two accesses of different classes never touch the same bytes.
enum class AliasClass : uint8_t {
  immutable,      // data that nothing changes while a function can see it: bases, imports, VMFuncRefs, type ids
  memory,         // all guest memories, since two imported memories may be the same
  memory_length,  // lengths of guest memories; any call may change them, since it may execute memory.grow
  table,          // elements of tables
  table_header,   // bases and lengths of tables; any call may change them, since it may execute table.grow
  global,         // cells of mutable globals; MemoryAccess::index is the global's index, the same for all imported ones
  runtime,        // data of the runtime that no other class covers
  heap_layout,    // the addresses of managed objects, which a collection changes; it runs only at safepoints
  field,  // fields and elements of objects; accesses with different MemoryAccess::index never touch the same bytes
};

// In the class `field`, a MemoryAccess::index of kConstantFields or more belongs to a field that is written only while
// its object is made, before any load.
inline constexpr uint32_t kConstantFields = 0x8000'0000;
// The MemoryAccess::index of exceptions' tags and payloads.
inline constexpr uint32_t kExceptionFields = 0xffff'fffe;
// The MemoryAccess::index of arrays' lengths.
inline constexpr uint32_t kLengthField = 0xffff'fffd;

// How a load of fewer bytes than its type has fills the upper bits. `none` stands for loads of all bytes.
enum class Extension : uint8_t { none, sign, zero };

// The operation of atomic_rmw on the old value and its operand.
enum class AtomicOp : uint8_t { add, sub, and_, or_, xor_, xchg };

// The properties of an access to memory. Function::accesses holds them, and instructions refer to them by index.
struct MemoryAccess {
  uint64_t offset = 0;  // static offset in bytes; opcodes.def says which operations use it
  uint32_t index = 0;   // index of a memory, table, global or field, depending on the alias class; gc_new: of a type
  uint8_t size = 4;     // number of accessed bytes: 1, 2, 4, 8, 16
  Extension extension = Extension::none;
  AliasClass alias = AliasClass::memory;
  bool can_fault = false;  // whether the access may meet a guard page or go through null; the fault becomes a trap
  wasm::TrapKind trap = wasm::TrapKind::out_of_bounds_memory_access;  // the trap if the access faults
  bool operator==(const MemoryAccess&) const = default;
};

// The type that a gc_test tests for, packed in Instruction::immediate.
struct GcTest {
  // `eq` stands for struct, array or i31. `any` accepts every reference of its hierarchy that is not null. `none`
  // accepts no reference except null. Every kind accepts null exactly if accepts_null is set.
  enum class Kind : uint8_t { concrete, structure, array, i31, eq, any, none };
  Kind kind = Kind::concrete;
  bool is_exact = false;  // concrete: whether the type is final, so that no subtype needs to be accepted
  bool accepts_null = false;
  bool may_be_null = true;  // whether the static type of the reference admits null
  bool may_be_i31 = true;   // whether the static type of the reference admits an i31
  uint16_t depth = 0;       // concrete: the number of supertypes above the type
  uint32_t type = 0;        // concrete: the type's index in the module

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

// The target of a control transfer, and the arguments for its parameters.
struct Target {
  Block block;
  uint32_t first_argument = 0;  // index in Function::value_lists
  uint32_t argument_count = 0;
};

// A signature in IR types. The arrays belong to the function's arena (Function::add_types) or to the ModuleContext.
struct Signature {
  std::span<const Type> params;
  std::span<const Type> results;
};

enum class CalleeKind : uint8_t {
  direct,     // a function of this module, by function index
  import,     // an imported function, by function index
  reference,  // the function of the VMFuncRef in the first argument, which has the right type; null traps
  builtin,    // a runtime function in the C calling convention, by number; the VMContext is its implied first argument
};

// The callee and arguments of a call. abi/builtins.def numbers the builtins.
struct CallInfo {
  CalleeKind kind = CalleeKind::direct;
  uint32_t callee = 0;          // function index, or builtin number
  Signature signature;          // the callee's signature; it does not count the VMFuncRef as a parameter
  uint32_t first_argument = 0;  // index in Function::value_lists; for `reference`, the VMFuncRef comes first
  uint32_t argument_count = 0;
  // The trap if the VMFuncRef of a `reference` is null. The call then faults on its access to the VMFuncRef.
  wasm::TrapKind null_trap = wasm::TrapKind::null_function_reference;
};

// Whether a branch is likely to lead to its first target.
enum class BranchHint : uint8_t { none, likely, unlikely };

// An instruction takes 32 bytes. Function::operands(), targets(), memory_access() and call_info() find what is stored
// elsewhere. Operands that do not fit in `operands` lie in Function::value_lists:
// - add128, sub128: four operands, from index `extra` on
// - atomic_cas: four operands, from index `immediate` on
// - return_: `immediate` operands, from index `extra` on
// - calls: the operands that the CallInfo names
struct Instruction {
  Opcode opcode = Opcode::iconst;
  Type type = Type::none;
  uint8_t aux = 0;        // condition, lane, trap kind, atomic operation or branch hint
  uint32_t position = 0;  // offset of the WebAssembly instruction in the module's bytes; 0 if there is none
  Value operands[3];      // none if unused
  uint32_t extra = 0;     // index into a side table: accesses, calls, target_lists, value_lists; checked: trap kind
  int64_t immediate = 0;  // opcodes.def says what it is; for terminators, see Function::target_lists

  [[nodiscard]] Condition condition() const { return static_cast<Condition>(aux); }
  [[nodiscard]] unsigned lane() const { return aux; }
  [[nodiscard]] AtomicOp atomic_op() const { return static_cast<AtomicOp>(aux); }
  [[nodiscard]] wasm::TrapKind trap_kind() const {
    return static_cast<wasm::TrapKind>(opcode == Opcode::checked ? extra : aux);
  }
  [[nodiscard]] BranchHint branch_hint() const { return static_cast<BranchHint>(aux); }
  [[nodiscard]] SimdOp simd() const { return static_cast<SimdOp>(immediate); }
};
static_assert(sizeof(Instruction) == 32);

struct BlockData {
  Value first;               // the first instruction of the chain; none if the block is empty
  Value last;                // the terminator
  uint32_t first_param = 0;  // index in Function::value_lists
  uint32_t param_count = 0;
  // Whether a back edge leads to the block. The builder marks loop headers, and mark_loops() marks them again after the
  // passes. Since WebAssembly's control flow is structured, the graph is reducible.
  bool is_loop_header = false;
  bool is_cold = false;     // the block ends in a trap, handles an exception, or leads only to cold blocks
  uint16_t loop_depth = 0;  // 0 outside all loops
};

// A new Function is empty. Its data lie in the arena, which must outlive it.
class Function {
 public:
  explicit Function(Arena& arena);

  // --- reading. A span is valid until the array that it is a part of grows.
  [[nodiscard]] uint32_t value_count() const { return static_cast<uint32_t>(instructions.size()); }
  [[nodiscard]] uint32_t block_count() const { return static_cast<uint32_t>(blocks.size()); }
  Instruction& operator[](Value value) { return instructions[value.index()]; }
  const Instruction& operator[](Value value) const { return instructions[value.index()]; }
  BlockData& operator[](Block block) { return blocks[block.index()]; }
  const BlockData& operator[](Block block) const { return blocks[block.index()]; }
  [[nodiscard]] Value next(Value value) const { return links[value.index()].next; }
  [[nodiscard]] Value previous(Value value) const { return links[value.index()].previous; }
  // The block that holds the instruction or parameter; none if the value was removed.
  [[nodiscard]] Block block_of(Value value) const { return links[value.index()].block; }
  [[nodiscard]] Value terminator(Block block) const { return blocks[block.index()].last; }

  [[nodiscard]] std::span<const Value> params(Block block) const;
  // All operands of an instruction, including the arguments of calls and the values of returns, but not the arguments
  // for targets. A missing optional operand, such as a base, is Value::none().
  [[nodiscard]] std::span<const Value> operands(Value instruction) const;
  [[nodiscard]] std::span<Value> operands(Value instruction);
  // The targets of a terminator; empty for other instructions.
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

  // --- building and changing. Functions that add a block, a parameter or an instruction return it.
  Block create_block();  // an empty block
  Value append_param(Block block, Type type);
  Value append(Block block, const Instruction& instruction);  // appends at the end of the chain
  // Inserts the instruction in front of the instruction `position`.
  Value insert_before(Value position, const Instruction& instruction);
  void remove(Value instruction);  // removes it from its chain; the caller removes or replaces its uses
  // Moves the instruction in front of the instruction `position`, which may be in another block.
  void move_before(Value instruction, Value position);
  // The next three functions return an index: that of the first added value in value_lists, that of an equal access in
  // accesses, and that of the added call in calls.
  uint32_t add_values(std::span<const Value> values);
  uint32_t add_access(const MemoryAccess& access);
  uint32_t add_call(const CallInfo& call);
  // Gives the terminator, which need not be in the function yet, copies of the targets. An invoke has two targets.
  void set_targets(Instruction& terminator, std::span<const Target> targets);
  // Returns the index in vector_constants.
  int64_t add_vector_constant(const V128& value);
  // Gives the memory of all arrays back to the arena. The function is empty afterwards.
  void recycle();
  // Returns an array in the function's arena for the types of a Signature. The caller fills it.
  std::span<Type> add_types(size_t count);

  Arena& arena;
  Signature signature;
  uint32_t function_index = 0;  // in the module's function index space

  // The storage. Code outside of the class may read it. Code that splices chains or fills in targets also writes it.
  struct Links {
    Value previous, next;
    Block block;
  };
  ArenaVector<Instruction> instructions;
  ArenaVector<Links> links;  // parallel to instructions
  ArenaVector<BlockData> blocks;
  ArenaVector<Value> value_lists;  // lists of parameters, operands and arguments
  ArenaVector<MemoryAccess> accesses;
  ArenaVector<CallInfo> calls;
  // A terminator has as many targets as `immediate` says, from index `extra` on. An invoke has two, from index
  // `immediate` on.
  ArenaVector<Target> target_lists;
  ArenaVector<V128> vector_constants;
};

}  // namespace cairn::ir

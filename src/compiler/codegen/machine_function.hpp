// Machine code before and during register allocation: a target's instructions over virtual registers.
//
// Lowering (codegen/selection/lowering.hpp and a target's rules) makes a machine function from IR. The register
// allocator reads only what this file declares: blocks, edges, block parameters, operands with constraints, clobbers.
// It makes an AllocationResult: an allocation for each operand, and a list of moves. Emission then walks over the
// instructions in order, and replaces each operand by its allocation.
//
// The function is in SSA form throughout: each virtual register has one definition, which is an instruction's operand
// or a block parameter. There are no critical edges, since lowering splits them. So the moves of an edge have a place:
// the end of a predecessor with one successor, or the start of a successor with one predecessor. Each predecessor of a
// block with parameters has one successor. The terminator of a block with one successor is a jump without operands. A
// terminator may define registers if its block is the only predecessor of each successor: a call that may throw defines
// its results for the first successor, and the exception for the second (the landing pad). Both successors see the
// registers that the call does not clobber.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "compiler/codegen/registers.hpp"

namespace cairn::codegen {

using MBlock = Id<struct MBlockTag>;
using MInst = Id<struct MInstTag>;

enum class OperandKind : uint8_t { use, def };

enum class Constraint : uint8_t {
  reg,    // any allocatable register of its class (a stack slot for a class without registers)
  any,    // a register or a stack slot: the instruction can have a memory operand, or the place does not matter
  fixed,  // the given physical register
  reuse,  // for a def: the register of use operand number `detail` (two-address instructions)
};

// The time within the instruction when an operand is read or written. Uses are early by default: a late def may get
// their register. A late use stays live through the defs (it shares its register with no def). Defs are late by
// default. An early def (a temporary, or a result written before all uses are read) conflicts with the uses too.
enum class Position : uint8_t { early, late };

struct Operand {
  VReg reg;
  OperandKind kind = OperandKind::use;
  Constraint constraint = Constraint::reg;
  Position position = Position::early;
  uint8_t detail = 0;  // fixed: PReg number; reuse: index of the use operand in the same instruction

  static Operand use(VReg reg) { return {reg, OperandKind::use, Constraint::reg, Position::early, 0}; }
  static Operand use_any(VReg reg) { return {reg, OperandKind::use, Constraint::any, Position::early, 0}; }
  static Operand use_late(VReg reg) { return {reg, OperandKind::use, Constraint::reg, Position::late, 0}; }
  static Operand use_fixed(VReg reg, PReg r) {
    return {reg, OperandKind::use, Constraint::fixed, Position::early, static_cast<uint8_t>(r.number())};
  }
  static Operand def(VReg reg) { return {reg, OperandKind::def, Constraint::reg, Position::late, 0}; }
  static Operand def_any(VReg reg) { return {reg, OperandKind::def, Constraint::any, Position::late, 0}; }
  static Operand def_early(VReg reg) { return {reg, OperandKind::def, Constraint::reg, Position::early, 0}; }
  static Operand def_fixed(VReg reg, PReg r) {
    return {reg, OperandKind::def, Constraint::fixed, Position::late, static_cast<uint8_t>(r.number())};
  }
  static Operand def_reuse(VReg reg, unsigned use_index) {
    return {reg, OperandKind::def, Constraint::reuse, Position::late, static_cast<uint8_t>(use_index)};
  }
  [[nodiscard]] PReg fixed_register() const { return PReg(detail); }
};
static_assert(sizeof(Operand) == 8);

// The place of an operand's value while its instruction runs.
class Allocation {
 public:
  constexpr Allocation() = default;
  static constexpr Allocation in_register(PReg r) { return Allocation(r.number()); }
  // Slots are numbered in units of 8 bytes from the start of the spill area; a 16-byte slot has an even number.
  static constexpr Allocation in_slot(uint32_t slot) { return Allocation(kSlotBit | slot); }
  [[nodiscard]] constexpr bool valid() const { return bits_ != 0xffff'ffff; }
  [[nodiscard]] constexpr bool is_register() const { return bits_ < PReg::kCount; }
  [[nodiscard]] constexpr bool is_slot() const { return valid() && (bits_ & kSlotBit) != 0; }
  [[nodiscard]] constexpr PReg reg() const { return PReg(bits_); }
  [[nodiscard]] constexpr uint32_t slot() const { return bits_ & ~kSlotBit; }
  constexpr bool operator==(const Allocation&) const = default;

 private:
  static constexpr uint32_t kSlotBit = 0x8000'0000;
  constexpr explicit Allocation(uint32_t bits) : bits_(bits) {}
  uint32_t bits_ = 0xffff'ffff;
};

enum class InstFlag : uint8_t {
  none = 0,
  call = 1,        // a call: it destroys the registers of `clobbers`, and its return address is a safepoint
  terminator = 2,  // the last instruction of its block
  move = 4,        // only moves operand 0 (use) to operand 1 (def) of the same class; coalesced if possible
  safepoint = 16,  // a collection may run here: it changes references but destroys no register, so the stack map names
                   // the slots and the registers of the references that live on
  rematerializable = 8,  // cheap, with one def, no uses and no effect: it may be repeated instead of a spill
};
constexpr InstFlag operator|(InstFlag a, InstFlag b) {
  return static_cast<InstFlag>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b));
}
constexpr bool has(InstFlag flags, InstFlag flag) {
  return (static_cast<uint8_t>(flags) & static_cast<uint8_t>(flag)) != 0;
}

// One machine instruction, or a short sequence that the target emits as one. The target defines the payload's meaning.
struct MachineInst {
  uint16_t opcode = 0;  // defined by the target
  InstFlag flags = InstFlag::none;
  uint8_t operand_count = 0;
  uint32_t first_operand = 0;  // index into MachineFunction::operands
  // Index into MachineFunction::clobber_sets; 0 is the empty set. Clobbered registers are written at the late position.
  // An early use may be in a clobbered register, but not a late use or a value that is live after the instruction. A
  // fixed def may name a clobbered register.
  uint32_t clobbers = 0;
  uint32_t position = 0;  // byte offset of the WebAssembly instruction in the module
  // The payload:
  uint8_t size = 0;  // operand size in bytes
  uint8_t condition = 0;
  uint8_t scale = 0;
  uint8_t extra = 0;
  int32_t displacement = 0;
  int64_t immediate = 0;
  MBlock targets[2];  // a branch's targets; a jump table's are in jump_tables[immediate] of the MachineFunction
};

struct MachineBlock {
  uint32_t first_inst = 0;  // half-open range of MachineFunction::insts
  uint32_t end_inst = 0;
  uint32_t first_param = 0;  // range of MachineFunction::reg_lists
  uint32_t param_count = 0;
  // A range of reg_lists: the arguments for the parameters of the only successor. It is empty if the block has several
  // successors.
  uint32_t first_argument = 0;
  uint32_t argument_count = 0;
  uint32_t first_successor = 0;  // ranges of block_lists
  uint32_t successor_count = 0;
  uint32_t first_predecessor = 0;
  uint32_t predecessor_count = 0;
  uint16_t loop_depth = 0;  // number of loops around the block
  bool is_loop_header = false;
  bool is_cold = false;         // as ir::BlockData::is_cold
  bool is_landing_pad = false;  // an exception arrives here: it is the second target of a call that is a terminator
};

// Blocks have the numbers of their order, which lowering chooses: a reverse postorder in which the blocks of each loop
// are contiguous. Block 0 is the entry. It has no block parameters: its first instruction defines the function's
// parameters (as fixed defs of the argument registers).
class MachineFunction {
 public:
  explicit MachineFunction(Arena& arena);

  VReg new_vreg(RegClass reg_class) {
    vregs.push_back(reg_class);
    return VReg(static_cast<uint32_t>(vregs.size() - 1));
  }
  [[nodiscard]] RegClass class_of(VReg reg) const { return vregs[reg.index()]; }
  [[nodiscard]] std::span<const Operand> operands_of(const MachineInst& inst) const {
    return operands.as_span().subspan(inst.first_operand, inst.operand_count);
  }
  [[nodiscard]] std::span<const VReg> params(const MachineBlock& b) const {
    return reg_lists.as_span().subspan(b.first_param, b.param_count);
  }
  [[nodiscard]] std::span<const VReg> arguments(const MachineBlock& b) const {
    return reg_lists.as_span().subspan(b.first_argument, b.argument_count);
  }
  [[nodiscard]] std::span<const MBlock> successors(const MachineBlock& b) const {
    return block_lists.as_span().subspan(b.first_successor, b.successor_count);
  }
  [[nodiscard]] std::span<const MBlock> predecessors(const MachineBlock& b) const {
    return block_lists.as_span().subspan(b.first_predecessor, b.predecessor_count);
  }

  Arena& arena;
  ArenaVector<RegClass> vregs;  // the class of each virtual register
  ArenaVector<MachineInst> insts;
  ArenaVector<Operand> operands;
  ArenaVector<PRegSet> clobber_sets;  // [0] is empty
  ArenaVector<MachineBlock> blocks;
  ArenaVector<VReg> reg_lists;      // parameters and arguments of blocks
  ArenaVector<MBlock> block_lists;  // successors and predecessors of blocks, and targets of jump tables
  struct JumpTable {
    uint32_t first = 0;  // range of block_lists
    uint32_t count = 0;
  };
  ArenaVector<JumpTable> jump_tables;
  // Constants of 16 bytes that instructions refer to by index. Emission copies those that are used into
  // CodeBuffer::rodata.
  ArenaVector<std::array<std::byte, 16>> constants;

  // Sizes in bytes of parts of the frame (calling_convention.hpp):
  uint32_t outgoing_bytes = 0;    // largest stack argument area of any call, multiple of 16
  uint32_t incoming_bytes = 0;    // this function's own stack argument area, multiple of 16
  uint32_t fixed_slot_bytes = 0;  // further frame space that lowering needs (saved VMContext, ...), multiple of 16
  bool has_calls = false;         // whether there are calls other than tail calls
};

// A move that the allocator adds before instruction `before`, which is the terminator for an edge's moves at the end of
// a block. Moves with the same `before` make one parallel move. They are in an order that is correct if they are done
// one after the other; cycles and slot-to-slot moves go through the scratch registers.
struct InsertedMove {
  MInst before;
  RegClass reg_class = RegClass::integer;
  Allocation from, to;
  MInst rematerialize;  // if valid: instead of a move, emit this instruction with its def in `to`
};

// Marks an entry of AllocationResult::map_slots that is a register; the other bits are its PReg::number().
inline constexpr uint32_t kMapRegister = 0x8000'0000;

// The places of the references that live across a safepoint: slots, and registers if the safepoint is not a call. A
// safepoint across which no reference lives has no map.
struct StackMap {
  MInst call;          // the safepoint
  uint32_t first = 0;  // range of AllocationResult::map_slots
  uint32_t count = 0;
};

struct AllocationResult {
  ArenaVector<Allocation> operands;  // parallel to MachineFunction::operands
  ArenaVector<InsertedMove> moves;   // sorted by `before`
  ArenaVector<StackMap> stack_maps;  // sorted by `call`
  ArenaVector<uint32_t> map_slots;   // slots and marked registers, ascending in each map; equal maps may share them
  PRegSet used_callee_saved;
  uint32_t spill_slots = 0;  // size of the spill area in units of 8 bytes
};

}  // namespace cairn::codegen

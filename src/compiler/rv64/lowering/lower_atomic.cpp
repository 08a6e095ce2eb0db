// Selects atomic accesses [riscv 14, A.5]. Loads and stores are put between fences. Read-modify-write operations
// are atomic memory operations (AMOs), or loops of LR and SC where there is no AMO. An access to a byte or halfword
// goes to the aligned word around it: AND, OR and XOR become an AMO that keeps the other bits, and the other operations
// become loops.
#include "base/assert.hpp"
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using codegen::Position;
using ir::AtomicOp;
using ir::MemoryAccess;
using ir::Opcode;
using ir::Value;

namespace {

Op amo_of(AtomicOp op, bool wide) {
  switch (op) {
    case AtomicOp::add:
    case AtomicOp::sub: return wide ? Op::amoadd_d : Op::amoadd_w;
    case AtomicOp::and_: return wide ? Op::amoand_d : Op::amoand_w;
    case AtomicOp::or_: return wide ? Op::amoor_d : Op::amoor_w;
    case AtomicOp::xor_: return wide ? Op::amoxor_d : Op::amoxor_w;
    case AtomicOp::xchg: return wide ? Op::amoswap_d : Op::amoswap_w;
  }
  CAIRN_UNREACHABLE();
}

}  // namespace

void Lower::lower_atomic(Value value, const Address& address) {
  const MemoryAccess& access = function_.memory_access(value);
  const ir::Instruction& instruction = inst(value);
  switch (instruction.opcode) {
    case Opcode::atomic_load:
      emit(opcode_of(Op::fence_rw_rw), {});
      set_trap(load(load_op(instruction.type, access), def(value), address), access);
      emit(opcode_of(Op::fence_r_rw), {});
      return;
    case Opcode::atomic_store: {
      const Value stored = instruction.operands[2];
      const Reg source = access.size <= 4 ? use_low_or_zero(stored) : use_or_zero(stored);
      emit(opcode_of(Op::fence_rw_w), {});
      set_trap(store(store_op(inst(stored).type, access), source, address), access);
      emit(opcode_of(Op::fence_rw_rw), {});
      return;
    }
    default: break;
  }
  // Read-modify-write and compare-exchange take an address without a displacement.
  const VReg at = address.displacement != 0 || !address.base.vreg ? opi(Op::addi, address.base, address.displacement)
                                                                  : address.base.vreg;
  if (instruction.opcode == Opcode::atomic_rmw) return lower_atomic_rmw(value, at);
  lower_atomic_cas(value, at);
}

Lower::NarrowPlace Lower::narrow_place(VReg at, unsigned size) {
  NarrowPlace place;
  place.word = opi(Op::andi, at, -4);
  place.shift = opi(Op::slli, at, 3);  // a shift of a word reads only its low five bits
  place.mask = op3(Op::sllw, immediate(size == 1 ? 0xff : 0xffff), place.shift);
  return place;
}

VReg Lower::narrow_operand(Value value, const NarrowPlace& place) {
  return op3(Op::and_, op3(Op::sllw, use_low(value), place.shift), place.mask);
}

void Lower::finish_narrow(Value value, VReg old_word, const NarrowPlace& place) {
  if (!is_used(value)) return;
  const VReg shifted = op3(Op::srlw, old_word, place.shift);
  lower_zero_extend(def(value), shifted, function_.memory_access(value).size);
}

void Lower::lower_zero_extend(VReg rd, VReg from, unsigned bytes) {
  if (bytes == 1) {
    opi(Op::andi, rd, from, 0xff);
  } else if (bytes == 2) {
    opi(Op::srli, rd, opi(Op::slli, from, 48), 48);
  } else {
    zero_extend(rd, from);
  }
}

void Lower::lower_atomic_rmw(Value value, VReg at) {
  const MemoryAccess& access = function_.memory_access(value);
  const Value operand = inst(value).operands[2];
  const AtomicOp op = inst(value).atomic_op();
  const auto add_operation = [&](Op amo, VReg result, Reg address, Reg by) {
    set_trap(op3(amo, result, address, by), access);
  };
  if (access.size >= 4) {
    const bool wide = access.size == 8;
    Reg by = wide ? use_or_zero(operand) : use_low_or_zero(operand);
    if (op == AtomicOp::sub) by = op3(wide ? Op::sub : Op::subw, kZero, by);
    // The AMO gives a sign-extended word, so the result of a 4-byte access to an i64 is zero-extended afterwards.
    const bool extends = access.size < size_of(inst(value).type) && is_used(value);
    const VReg old = extends || !is_used(value) ? temporary(RegClass::integer) : def(value);
    add_operation(amo_of(op, wide), old, at, by);
    if (extends) zero_extend(def(value), old);
    return;
  }
  const NarrowPlace place = narrow_place(at, access.size);
  const VReg old = temporary(RegClass::integer);
  VReg by = narrow_operand(operand, place);
  if (op == AtomicOp::and_ || op == AtomicOp::or_ || op == AtomicOp::xor_) {
    if (op == AtomicOp::and_) by = op3(Op::or_, by, opi(Op::xori, place.mask, -1));
    add_operation(amo_of(op, false), old, place.word, by);
  } else {
    Operand result = Operand::def(old);
    result.position = Position::early;
    MachineInst& loop = emit(opcode_of(Pseudo::atomic_narrow),
                             {Operand::use(place.word), Operand::use(by), Operand::use(place.mask), result});
    loop.extra = static_cast<uint8_t>(op);
    set_trap(loop, access);
  }
  finish_narrow(value, old, place);
}

void Lower::lower_atomic_cas(Value value, VReg at) {
  const MemoryAccess& access = function_.memory_access(value);
  const std::span<const Value> operands = function_.operands(value);
  if (access.size >= 4) {
    const bool narrows = access.size < size_of(inst(value).type);
    VReg expected = use(operands[2]);
    if (narrows) expected = opi(Op::addiw, expected, 0);
    const VReg replacement = use(operands[3]);
    const VReg old = narrows ? temporary(RegClass::integer) : def(value);
    Operand result = Operand::def(old);
    result.position = Position::early;
    MachineInst& loop = emit(opcode_of(Pseudo::atomic_cas),
                             {Operand::use(at), Operand::use(expected), Operand::use(replacement), result});
    loop.size = access.size;
    set_trap(loop, access);
    if (narrows && is_used(value)) zero_extend(def(value), old);
    return;
  }
  const NarrowPlace place = narrow_place(at, access.size);
  const VReg expected = narrow_operand(operands[2], place);
  const VReg flips = op3(Op::xor_, expected, narrow_operand(operands[3], place));
  const VReg old = temporary(RegClass::integer);
  Operand result = Operand::def(old);
  result.position = Position::early;
  set_trap(emit(opcode_of(Pseudo::atomic_narrow_cas), {Operand::use(place.word), Operand::use(expected),
                                                       Operand::use(flips), Operand::use(place.mask), result}),
           access);
  finish_narrow(value, old, place);
}

}  // namespace cairn::rv64

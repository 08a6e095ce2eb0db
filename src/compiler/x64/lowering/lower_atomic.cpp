// Lowers atomic accesses [sdm 3A 9.2.3]. An atomic store and an exchange are an xchg. Another operation whose result is
// unused is one locked ALU instruction. If the result is used, add and sub are an xadd, and `and`, `or` and `xor` a
// loop around cmpxchg. An atomic load is a plain load (lower_memory.cpp).
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::AtomicOp;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Value;

namespace {

Alu alu_of(AtomicOp op) {
  switch (op) {
    case AtomicOp::add: return Alu::add;
    case AtomicOp::sub: return Alu::sub;
    case AtomicOp::and_: return Alu::and_;
    case AtomicOp::or_: return Alu::or_;
    case AtomicOp::xor_:
    case AtomicOp::xchg: return Alu::xor_;  // no caller passes xchg
  }
  CAIRN_UNREACHABLE();
}

}  // namespace

void X64Lowering::lower_atomic_store(Value store) {
  const MemoryAccess& access = function_.memory_access(store);
  const Value stored = inst(store).operands[2];
  const VReg source = access.size <= 4 ? use_low(stored) : use(stored);
  const AddressMode address = address_of(store);
  const VReg old = temporary(RegClass::integer);
  put_address(Op::atomic_xchg, {Operand::def_reuse(old, 1), Operand::use(source)}, address, access.size).condition =
      address.trap_kind;
}

void X64Lowering::lower_atomic_rmw(Value value) {
  const Instruction& instruction = inst(value);
  const MemoryAccess& access = function_.memory_access(value);
  const AtomicOp op = instruction.atomic_op();
  const bool is_needed = is_used(value);
  VReg operand = access.size <= 4 ? use_low(instruction.operands[2]) : use(instruction.operands[2]);
  const AddressMode address = address_of(value);
  const auto finish = [&](MachineInst& made) -> MachineInst& {
    made.condition = address.trap_kind;
    return made;
  };
  if (op == AtomicOp::xchg || (is_needed && (op == AtomicOp::add || op == AtomicOp::sub))) {
    if (op == AtomicOp::sub) {
      const VReg negated = temporary(RegClass::integer);
      put(Op::neg, {Operand::def_reuse(negated, 1), Operand::use(operand)}, access.size == 8 ? 8 : 4);
      operand = negated;
    }
    const VReg result = is_needed ? def(value) : temporary(RegClass::integer);
    finish(put_address(op == AtomicOp::xchg ? Op::atomic_xchg : Op::atomic_add,
                       {Operand::def_reuse(result, 1), Operand::use(operand)}, address, access.size));
  } else if (!is_needed) {
    finish(put_address(Op::atomic_alu, {Operand::use(operand)}, address, access.size)).extra =
        static_cast<uint8_t>(alu_of(op));
  } else {
    Operand old = Operand::def_fixed(def(value), gpr(rax));
    old.position = codegen::Position::early;
    finish(put_address(Op::atomic_loop, {old, Operand::use(operand)}, address, access.size)).extra =
        static_cast<uint8_t>(alu_of(op));
  }
}

void X64Lowering::lower_atomic_cas(Value value) {
  const MemoryAccess& access = function_.memory_access(value);
  const std::span<const Value> operands = function_.operands(value);
  const VReg expected = access.size <= 4 ? use_low(operands[2]) : use(operands[2]);
  const VReg replacement = access.size <= 4 ? use_low(operands[3]) : use(operands[3]);
  const AddressMode address = address_of(value);
  put_address(
      Op::atomic_cas,
      {Operand::def_fixed(def(value), gpr(rax)), Operand::use_fixed(expected, gpr(rax)), Operand::use(replacement)},
      address, access.size)
      .condition = address.trap_kind;
}

}  // namespace cairn::x64

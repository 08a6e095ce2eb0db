// Lowers the entry, returns and calls.
#include "abi/vmcontext.hpp"
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using codegen::CallLayout;
using codegen::InstFlag;
using ir::CalleeKind;
using ir::Type;
using ir::Value;

namespace {

AddressMode stack_address(Base base, uint32_t offset) {
  AddressMode address;
  address.base = base;
  address.displacement = static_cast<int32_t>(offset);
  return address;
}

}  // namespace

// The operation `entry` saves the function's own VMContext in the frame, if there are landing pads or calls that may
// leave the instance. Its immediate is then 1 + the offset in the fixed slots, and otherwise 0.
void X64Lowering::emit_entry(std::span<const Operand> defs) {
  emit(static_cast<uint16_t>(Op::entry), defs).immediate = context_slot_ ? int64_t{*context_slot_} + 1 : 0;
}

void X64Lowering::emit_return(std::span<const Operand> uses) {
  emit(static_cast<uint16_t>(Op::ret), uses, InstFlag::terminator);
}

void X64Lowering::emit_call_inst(Op op, const ir::CallInfo& call, const CallLayout& layout,
                                 std::span<const Operand> operands, VReg callee, InstFlag flags) {
  ArenaVector<Operand> all(result_.arena);
  // The VMFuncRef is the first operand. The allocator keeps it out of the registers that other values need as
  // arguments.
  if (callee) all.push_back(Operand::use(callee));
  all.append(operands);
  MachineInst& result = emit(static_cast<uint16_t>(op), all.as_span(), flags);
  result.displacement = static_cast<int32_t>(layout.stack_bytes);
  result.condition = static_cast<uint8_t>(call.null_trap);
  switch (call.kind) {
    case CalleeKind::import:
      result.immediate =
          static_cast<int64_t>(sizeof(abi::VMContext) + uint64_t{call.callee} * sizeof(abi::VMFunctionImport));
      break;
    case CalleeKind::builtin:
      result.extra = !call.signature.results.empty() && call.signature.results[0] == Type::i32;
      [[fallthrough]];
    default: result.immediate = call.callee; break;
  }
  if (op < Op::tail_direct) result.clobbers = clobbers(kCallClobbers);
}

void X64Lowering::emit_call(const ir::CallInfo& call, const CallLayout& layout, std::span<const Operand> operands,
                            VReg callee) {
  Op op = Op::call_direct;
  switch (call.kind) {
    case CalleeKind::direct: break;
    case CalleeKind::import: op = Op::call_import; break;
    case CalleeKind::reference: op = Op::call_reference; break;
    case CalleeKind::builtin: op = Op::call_builtin; break;
  }
  if (op == Op::call_import || op == Op::call_reference) prepare_landing();
  emit_call_inst(op, call, layout, operands, callee, InstFlag::call);
}

void X64Lowering::prepare_landing() {
  if (!context_slot_) context_slot_ = allocate_fixed_slot(16);
}

void X64Lowering::emit_tail_call(const ir::CallInfo& call, const CallLayout& layout, std::span<const Operand> operands,
                                 VReg callee) {
  Op op = Op::tail_direct;
  if (call.kind == CalleeKind::import) op = Op::tail_import;
  if (call.kind == CalleeKind::reference) op = Op::tail_reference;
  if (op != Op::tail_direct && !has_restore_room_) {
    // Room for the restore frame (VMContext, return address) and the callee's return address, with alignment.
    has_restore_room_ = true;
    allocate_fixed_slot(32);
  }
  emit_call_inst(op, call, layout, operands, callee, InstFlag::terminator);
}

void X64Lowering::emit_load_incoming(Type type, VReg result, uint32_t offset) {
  put_address(ir::is_integer(type) ? Op::load : Op::load_x, {Operand::def(result)},
              stack_address(Base::incoming, offset), width(type));
}

void X64Lowering::emit_load_fixed_slot(Type type, VReg result, uint32_t offset) {
  put_address(ir::is_integer(type) ? Op::load : Op::load_x, {Operand::def(result)}, stack_address(Base::fixed, offset),
              width(type));
}

void X64Lowering::emit_store_outgoing(Type type, Value argument, uint32_t offset) {
  const bool integer = ir::is_integer(type);
  const VReg source = use(argument);
  put_address(integer ? Op::store : Op::store_x, {Operand::use(source)}, stack_address(Base::outgoing, offset),
              integer ? 8 : width(type));
}

void X64Lowering::emit_fixed_slot_address(VReg result, uint32_t offset) {
  put_address(Op::lea, {Operand::def(result)}, stack_address(Base::fixed, offset));
}

void X64Lowering::emit_store_result(Type type, Value value, VReg area, uint32_t offset) {
  const bool integer = ir::is_integer(type);
  const VReg source = use(value);
  AddressMode address = stack_address(Base::reg, offset);
  address.base_reg = area;
  put_address(integer ? Op::store : Op::store_x, {Operand::use(source)}, address, integer ? 8 : width(type));
}

}  // namespace cairn::x64

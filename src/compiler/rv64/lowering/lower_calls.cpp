// Selects instructions for the function's entry, returns and calls.
#include "abi/vmcontext.hpp"
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using codegen::CallLayout;
using codegen::InstFlag;
using ir::CalleeKind;
using ir::Type;
using ir::Value;

namespace {

Op stack_load_op(Type type) {
  switch (type) {
    case Type::i32: return Op::lw;
    case Type::f32: return Op::flw;
    case Type::f64: return Op::fld;
    case Type::v128: return Op::vle8;
    default: return Op::ld;
  }
}

Op stack_store_op(Type type) {
  switch (type) {
    case Type::i32: return Op::sw;
    case Type::f32: return Op::fsw;
    case Type::f64: return Op::fsd;
    case Type::v128: return Op::vse8;
    default: return Op::sd;
  }
}

// A tail call through a VMFuncRef takes the reference in t0, which holds no argument and is not callee-saved.
constexpr PReg kTailCallee = t(0);

}  // namespace

// Saves the function's own VMContext in the frame, if there are landing pads.
void Lower::emit_entry(std::span<const Operand> defs) {
  emit(opcode_of(Pseudo::entry), defs).immediate = has_landing_pads_ ? int64_t{saved_context()} + 1 : 0;
}

void Lower::emit_return(std::span<const Operand> uses) { emit(opcode_of(Pseudo::return_), uses, InstFlag::terminator); }

uint32_t Lower::saved_context() {
  if (saved_context_ == 0xffff'ffff) saved_context_ = allocate_fixed_slot(8);
  return saved_context_;
}

void Lower::emit_call(const ir::CallInfo& call, const CallLayout& layout, std::span<const Operand> operands,
                      VReg callee) {
  PRegSet clobbered = call_clobbers(vectors_);
  for (const Operand& operand : operands)
    if (operand.kind == codegen::OperandKind::def) clobbered.remove(operand.fixed_register());
  ArenaVector<Operand> all(result_.arena);
  Pseudo pseudo = Pseudo::call_direct;
  switch (call.kind) {
    case CalleeKind::direct: break;
    case CalleeKind::import: pseudo = Pseudo::call_import; break;
    case CalleeKind::reference:
      pseudo = Pseudo::call_reference;
      all.push_back(Operand::use(callee));
      break;
    case CalleeKind::builtin: pseudo = Pseudo::call_builtin; break;
  }
  all.append(operands);
  uint32_t slot = 0;
  if (call.kind == CalleeKind::import || call.kind == CalleeKind::reference) slot = saved_context();
  const uint32_t clobber_set = clobbers(clobbered);
  MachineInst& m = emit(opcode_of(pseudo), all.as_span(), InstFlag::call);
  m.clobbers = clobber_set;
  m.immediate = int64_t{call.callee} | int64_t{slot} << 32;
  m.displacement = static_cast<int32_t>(layout.stack_bytes);
  m.condition = payload_of(call.null_trap);
}

void Lower::prepare_landing() {
  has_landing_pads_ = true;
  saved_context();
}

void Lower::emit_tail_call(const ir::CallInfo& call, const CallLayout& layout, std::span<const Operand> operands,
                           VReg callee) {
  ArenaVector<Operand> all(result_.arena);
  Pseudo pseudo = Pseudo::tail_direct;
  if (call.kind == CalleeKind::import) pseudo = Pseudo::tail_import;
  if (call.kind == CalleeKind::reference) {
    pseudo = Pseudo::tail_reference;
    all.push_back(Operand::use_fixed(callee, kTailCallee));
  }
  all.append(operands);
  MachineInst& m = emit(opcode_of(pseudo), all.as_span(), InstFlag::terminator);
  m.immediate = call.callee;
  m.displacement = static_cast<int32_t>(layout.stack_bytes);
  m.condition = payload_of(call.null_trap);
}

// --- The stack

void Lower::emit_load_incoming(Type type, VReg result, uint32_t offset) {
  MachineInst& m = emit(opcode_of(Pseudo::stack_load), {Operand::def(result)});
  m.immediate = static_cast<int64_t>(stack_load_op(type));
  m.extra = static_cast<uint8_t>(StackArea::incoming);
  m.displacement = static_cast<int32_t>(offset);
}

void Lower::emit_load_fixed_slot(Type type, VReg result, uint32_t offset) {
  MachineInst& m = emit(opcode_of(Pseudo::stack_load), {Operand::def(result)});
  m.immediate = static_cast<int64_t>(stack_load_op(type));
  m.extra = static_cast<uint8_t>(StackArea::fixed);
  m.displacement = static_cast<int32_t>(offset);
}

void Lower::emit_store_outgoing(Type type, Value argument, uint32_t offset) {
  const VReg source = use(argument);
  MachineInst& m = emit(opcode_of(Pseudo::stack_store), {Operand::use(source)});
  m.immediate = static_cast<int64_t>(stack_store_op(type));
  m.extra = static_cast<uint8_t>(StackArea::outgoing);
  m.displacement = static_cast<int32_t>(offset);
}

void Lower::emit_fixed_slot_address(VReg result, uint32_t offset) {
  MachineInst& m = emit(opcode_of(Pseudo::stack_address), {Operand::def(result)}, InstFlag::rematerializable);
  m.extra = static_cast<uint8_t>(StackArea::fixed);
  m.displacement = static_cast<int32_t>(offset);
}

void Lower::emit_store_result(Type type, Value value, VReg area, uint32_t offset) {
  const VReg source = use(value);
  const Address address = displaced(area, offset);
  if (type == Type::v128) {
    emit(opcode_of(Pseudo::simd_store), {Operand::use(address.base.vreg), Operand::use(source)}).displacement =
        address.displacement;
    return;
  }
  store(stack_store_op(type), source, address);
}

}  // namespace cairn::rv64

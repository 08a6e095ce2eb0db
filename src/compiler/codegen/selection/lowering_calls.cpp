// Lowers entries, calls and returns: arguments and results get the places of the calling convention.
#include <algorithm>

#include "compiler/codegen/selection/lowering.hpp"

namespace cairn::codegen {

using ir::Block;
using ir::Opcode;
using ir::Value;

void Lowering::lower_entry() {
  position_ = 0;
  const std::span<const Value> params = function_.params(Block(0));
  operand_buffer_.clear();
  if (result_area_) operand_buffer_.push_back(Operand::def_fixed(result_area_, own_layout_.result_pointer));
  for (size_t i = 0; i < params.size(); ++i) {
    const ArgLocation& location = own_layout_.arguments[i];
    if (location.reg.valid() && is_used(params[i]))
      operand_buffer_.push_back(Operand::def_fixed(vreg_of(params[i]), location.reg));
  }
  emit_entry(operand_buffer_.as_span());
  for (size_t i = 0; i < params.size(); ++i) {
    const ArgLocation& location = own_layout_.arguments[i];
    if (!location.reg.valid() && is_used(params[i]))
      emit_load_incoming(inst(params[i]).type, vreg_of(params[i]), location.offset);
  }
}

void Lowering::lower_return(Value value) {
  const std::span<const Value> results = function_.operands(value);
  for (size_t i = 0; i < results.size(); ++i) {
    const ArgLocation& location = own_layout_.results[i];
    if (!location.reg.valid())
      emit_store_result(function_.signature.results[i], results[i], result_area_, location.offset);
  }
  operand_buffer_.clear();
  for (size_t i = 0; i < results.size(); ++i) {
    const ArgLocation& location = own_layout_.results[i];
    if (location.reg.valid()) operand_buffer_.push_back(Operand::use_fixed(use(results[i]), location.reg));
  }
  emit_return(operand_buffer_.as_span());
}

CallLayout Lowering::layout_of(const ir::CallInfo& call) {
  if (call.kind != ir::CalleeKind::builtin) return layout_call(call.signature, convention_, result_.arena);
  // A builtin has the C convention, with the VMContext as the first argument. For the parameters of builtins, that
  // convention uses the same integer registers in the same order as the guest convention.
  const std::span<ir::Type> params = result_.arena.make_span<ir::Type>(call.signature.params.size() + 1);
  params[0] = ir::Type::i64;
  std::ranges::copy(call.signature.params, params.begin() + 1);
  CallLayout layout = layout_call({params, call.signature.results}, convention_, result_.arena);
  layout.arguments = layout.arguments.subspan(1);
  CAIRN_ASSERT(layout.stack_bytes == 0 && layout.result_area_bytes == 0 && params.size() <= 6);
  return layout;
}

// Stores stack arguments, and collects the fixed uses of register arguments in operand_buffer_. Returns the vreg of the
// VMFuncRef for a call of a reference.
VReg Lowering::lower_arguments(const ir::CallInfo& call, const CallLayout& layout, std::span<const Value> arguments) {
  VReg callee;
  if (call.kind == ir::CalleeKind::reference) {
    callee = use(arguments[0]);
    arguments = arguments.subspan(1);
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    const ArgLocation& location = layout.arguments[i];
    if (!location.reg.valid()) emit_store_outgoing(call.signature.params[i], arguments[i], location.offset);
  }
  result_.outgoing_bytes = std::max(result_.outgoing_bytes, layout.stack_bytes);
  operand_buffer_.clear();
  for (size_t i = 0; i < arguments.size(); ++i) {
    const ArgLocation& location = layout.arguments[i];
    if (location.reg.valid()) operand_buffer_.push_back(Operand::use_fixed(use(arguments[i]), location.reg));
  }
  return callee;
}

// Collects the uses of a call in operand_buffer_, including the address of the area for results in memory.
// `result_area` is the offset of this area in the fixed slots. Returns the vreg of the VMFuncRef for a call of a
// reference.
VReg Lowering::begin_call(Value value, const CallLayout& layout, uint32_t result_area) {
  const VReg callee = lower_arguments(function_.call_info(value), layout, function_.operands(value));
  if (layout.result_area_bytes != 0) {
    const VReg area = temporary(RegClass::integer);
    emit_fixed_slot_address(area, result_area);
    operand_buffer_.push_back(Operand::use_fixed(area, layout.result_pointer));
  }
  result_.has_calls = true;
  return callee;
}

void Lowering::lower_call(Value value) {
  const ir::CallInfo& call = function_.call_info(value);
  const CallLayout layout = layout_of(call);
  if (call_result_bytes_ < layout.result_area_bytes) {
    call_result_area_ = allocate_fixed_slot(layout.result_area_bytes);
    call_result_bytes_ = layout.result_area_bytes;
  }
  const VReg callee = begin_call(value, layout, call_result_area_);
  // The first result is the call itself, and the others follow it.
  const auto for_each_result = [&](auto&& visit) {
    if (inst(value).type == ir::Type::none) return;
    if (is_used(value)) visit(value, 0);
    for (Value next = function_.next(value); next && inst(next).opcode == Opcode::result; next = function_.next(next))
      if (is_used(next)) visit(next, static_cast<size_t>(inst(next).immediate));
  };
  for_each_result([&](Value result, size_t i) {
    if (layout.results[i].reg.valid())
      operand_buffer_.push_back(Operand::def_fixed(vreg_of(result), layout.results[i].reg));
  });
  emit_call(call, layout, operand_buffer_.as_span(), callee);
  for_each_result([&](Value result, size_t i) {
    if (!layout.results[i].reg.valid())
      emit_load_fixed_slot(inst(result).type, vreg_of(result), call_result_area_ + layout.results[i].offset);
  });
}

// Results in memory are loaded in the block that the call returns to, which has been lowered already
// (load_invoke_results).
void Lowering::lower_invoke(Value value) {
  const ir::CallInfo& call = function_.call_info(value);
  const CallLayout layout = layout_of(call);
  const uint32_t area = layout.result_area_bytes != 0 ? invoke_area(value, layout) : 0;
  const VReg callee = begin_call(value, layout, area);
  const auto define = [&](ir::Block block, auto&& reg_of) {
    for (Value at = function_[block].first; at; at = function_.next(at)) {
      const Opcode opcode = inst(at).opcode;
      if (opcode != Opcode::invoke_result && opcode != Opcode::caught) return;
      if (inst(at).operands[0] != value || !is_used(at)) continue;
      if (const PReg reg = reg_of(at); reg.valid()) operand_buffer_.push_back(Operand::def_fixed(vreg_of(at), reg));
    }
  };
  const std::span<const ir::Target> targets = function_.targets(value);
  define(targets[0].block, [&](Value at) { return layout.results[static_cast<size_t>(inst(at).immediate)].reg; });
  define(targets[1].block, [&](Value) { return convention_.exception; });
  prepare_landing();
  emit_call(call, layout, operand_buffer_.as_span(), callee);
  MachineInst& emitted = group_.back();
  emitted.flags = emitted.flags | InstFlag::terminator;
  emitted.targets[0] = successor(0);
  emitted.targets[1] = successor(1);
}

uint32_t Lowering::invoke_area(Value invoke, const CallLayout& layout) {
  if (invoke_areas_.empty()) invoke_areas_.assign(function_.value_count(), 0xffff'ffff);
  uint32_t& area = invoke_areas_[invoke.index()];
  if (area == 0xffff'ffff) area = allocate_fixed_slot(layout.result_area_bytes);
  return area;
}

void Lowering::load_invoke_results(ir::Block block) {
  const Value first = function_[block].first;
  if (!first || inst(first).opcode != Opcode::invoke_result) return;
  const Value invoke = inst(first).operands[0];
  const CallLayout layout = layout_of(function_.call_info(invoke));
  if (layout.result_area_bytes == 0) return;
  const uint32_t area = invoke_area(invoke, layout);
  for (Value at = first; at && inst(at).opcode == Opcode::invoke_result; at = function_.next(at)) {
    const ArgLocation& location = layout.results[static_cast<size_t>(inst(at).immediate)];
    if (!is_used(at) || location.reg.valid()) continue;
    emit_load_fixed_slot(inst(at).type, vreg_of(at), area + location.offset);
  }
  flush_group();
}

void Lowering::lower_tail_call(Value value) {
  const ir::CallInfo& call = function_.call_info(value);
  const CallLayout layout = layout_of(call);
  const VReg callee = lower_arguments(call, layout, function_.operands(value));
  if (layout.result_area_bytes != 0) operand_buffer_.push_back(Operand::use_fixed(result_area_, layout.result_pointer));
  emit_tail_call(call, layout, operand_buffer_.as_span(), callee);
}

}  // namespace cairn::codegen

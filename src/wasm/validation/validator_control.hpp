// Validates blocks, handlers, branches and calls. This is a part of validator.hpp, which includes it.
#pragma once

#include "wasm/validation/validator.hpp"

namespace cairn::wasm {

template <class Sink>
bool FunctionValidator::begin_block(Opcode opcode, Sink& sink) {
  BlockSignature signature;
  CAIRN_CHECK(read_block_signature(signature));
  if (opcode == Opcode::if_) CAIRN_CHECK(pop(ValType::i32));
  CAIRN_CHECK(pop_all(signature.params()));
  const bool is_visible = is_live_;
  switch (opcode) {
    case Opcode::block:
      if (is_visible) sink.block(signature);
      return push_frame(FrameKind::block, signature, is_visible);
    case Opcode::loop:
      if (is_visible) sink.loop(signature);
      return push_frame(FrameKind::loop, signature, is_visible);
    case Opcode::if_:
      if (is_visible) is_live_ = sink.if_(signature) == Reachability::live;
      return push_frame(FrameKind::if_, signature, is_visible);
    case Opcode::try_:
      if (is_visible) sink.try_(signature);
      return push_frame(FrameKind::try_, signature, is_visible);
    default: CAIRN_UNREACHABLE();
  }
}

template <class Sink>
bool FunctionValidator::try_table(Sink& sink) {
  BlockSignature signature;
  CAIRN_CHECK(read_block_signature(signature));
  CAIRN_CHECK(read_catch_clauses());
  CAIRN_CHECK(pop_all(signature.params()));
  const bool is_visible = is_live_;
  if (is_visible) sink.try_table(signature, std::span<const CatchClause>(clauses_));
  return push_frame(FrameKind::try_table, signature, is_visible);
}

template <class Sink>
bool FunctionValidator::begin_else(Sink& sink) {
  if (frames_.back().kind != FrameKind::if_) return malformed("misplaced ELSE opcode");
  CAIRN_CHECK(check_block_end());
  restart_frame(FrameKind::else_);
  CAIRN_CHECK(push_all(frames_.back().signature.params()));
  if (!frames_.back().is_visible) return true;
  CAIRN_CHECK(announce(sink));
  is_live_ = sink.else_() == Reachability::live;
  return true;
}

template <class Sink>
bool FunctionValidator::begin_catch(Opcode opcode, Sink& sink) {
  const FrameKind kind = frames_.back().kind;
  TagIndex tag;
  const FuncType* type = nullptr;
  if (opcode == Opcode::catch_) CAIRN_CHECK(read_tag(tag, type));
  if (kind != FrameKind::try_ && kind != FrameKind::catch_) return malformed("misplaced CATCH opcode");
  CAIRN_CHECK(check_block_end());
  restart_frame(opcode == Opcode::catch_ ? FrameKind::catch_ : FrameKind::catch_all);
  if (type != nullptr) CAIRN_CHECK(push_all(type->params));
  if (!frames_.back().is_visible) return true;
  CAIRN_CHECK(announce(sink));
  is_live_ = (type != nullptr ? sink.catch_(tag, *type) : sink.catch_all()) == Reachability::live;
  return true;
}

template <class Sink>
bool FunctionValidator::end(Sink& sink) {
  CAIRN_CHECK(check_block_end());
  const Frame frame = frames_.back();
  if (frame.kind == FrameKind::if_) CAIRN_CHECK(check_if_without_else());
  pop_frame();
  if (frame.is_visible) CAIRN_CHECK(announce(sink));
  if (frames_.empty()) {
    sink.end_function();
    return true;
  }
  if (frame.is_visible) is_live_ = sink.end_block() == Reachability::live;
  return push_all(frame.signature.results());
}

template <class Sink>
bool FunctionValidator::delegate(Sink& sink) {
  uint32_t depth = 0;
  const Frame* target = nullptr;
  CAIRN_CHECK(in_.read_u32(depth));
  if (frames_.back().kind != FrameKind::try_) return malformed("misplaced DELEGATE opcode");
  CAIRN_CHECK(check_block_end());
  const Frame frame = frames_.back();
  pop_frame();
  CAIRN_CHECK(label(depth, target));
  if (frame.is_visible) {
    CAIRN_CHECK(announce(sink));
    is_live_ = sink.delegate(depth) == Reachability::live;
  }
  return push_all(frame.signature.results());
}

template <class Sink>
bool FunctionValidator::branch(Opcode opcode, Sink& sink) {
  uint32_t depth = 0;
  const Frame* target = nullptr;
  CAIRN_CHECK(in_.read_u32(depth));
  switch (opcode) {
    case Opcode::br:
      CAIRN_CHECK(label(depth, target) && pop_all(target->label()));
      if (is_live_) sink.br(depth);
      return ends_here();
    case Opcode::br_if:
      CAIRN_CHECK(label(depth, target) && pop(ValType::i32));
      CAIRN_CHECK(pop_all(target->label()) && push_all(target->label()));
      if (is_live_) is_live_ = sink.br_if(depth) == Reachability::live;
      return true;
    case Opcode::br_on_null:
      CAIRN_CHECK(check_br_on_null(depth));
      if (is_live_) is_live_ = sink.br_on_null(depth) == Reachability::live;
      return true;
    case Opcode::br_on_non_null:
      CAIRN_CHECK(check_br_on_non_null(depth));
      if (is_live_) is_live_ = sink.br_on_non_null(depth) == Reachability::live;
      return true;
    case Opcode::rethrow:
      CAIRN_CHECK(label(depth, target));
      if (target->kind != FrameKind::catch_ && target->kind != FrameKind::catch_all) {
        return invalid("invalid rethrow label");
      }
      if (is_live_) sink.rethrow(depth);
      return ends_here();
    default: CAIRN_UNREACHABLE();
  }
}

template <class Sink>
bool FunctionValidator::call(Opcode opcode, Sink& sink) {
  FuncIndex function;
  TypeIndex index;
  TableIndex table_index;
  const FuncType* type = nullptr;
  const SubType* defined = nullptr;
  switch (opcode) {
    case Opcode::call:
      CAIRN_CHECK(read_function(function, type) && check_call(*type));
      if (is_live_) sink.call(function, *type);
      return true;
    case Opcode::call_indirect:
      CAIRN_CHECK(check_indirect_callee(index, table_index, type) && check_call(*type));
      if (is_live_) sink.call_indirect(index, table_index, *type);
      return true;
    case Opcode::call_ref:
      CAIRN_CHECK(read_type(SubType::Kind::func, index, defined));
      CAIRN_CHECK(pop(reference_to(index, Nullability::nullable)) && check_call(defined->func));
      if (is_live_) sink.call_ref(index, defined->func);
      return true;
    case Opcode::return_call:
      CAIRN_CHECK(read_function(function, type) && check_return_call(*type));
      if (is_live_) sink.return_call(function, *type);
      break;
    case Opcode::return_call_indirect:
      CAIRN_CHECK(check_indirect_callee(index, table_index, type) && check_return_call(*type));
      if (is_live_) sink.return_call_indirect(index, table_index, *type);
      break;
    case Opcode::return_call_ref:
      CAIRN_CHECK(read_type(SubType::Kind::func, index, defined));
      CAIRN_CHECK(pop(reference_to(index, Nullability::nullable)) && check_return_call(defined->func));
      if (is_live_) sink.return_call_ref(index, defined->func);
      break;
    default: CAIRN_UNREACHABLE();
  }
  return ends_here();
}

}  // namespace cairn::wasm

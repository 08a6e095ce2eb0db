// Builds throws of exceptions and the dispatch of exceptions to handlers.
//
// A region is the part of a body whose exceptions go to the handlers of one try_table or legacy `try`. A call in a
// region is an invoke. Its landing pad, the block that gets the exception, passes the exception and the locals' values
// at the call to the region's dispatch, as branches pass values to a label. The dispatch compares the exception's tag
// with the tags of the catch clauses, and loads the payload for the clause that matches. If no clause matches, the
// exception goes on to the next outer region, or to the caller. A throw in a region jumps to the dispatch.
#include <algorithm>

#include "abi/field_layout.hpp"
#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using abi::Builtin;
using ir::AliasClass;
using ir::Condition;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using wasm::Reachability;

namespace {

// Returns an access to the tag of an exception, or to a field of its payload.
MemoryAccess field_access(unsigned size) {
  MemoryAccess access;
  access.alias = AliasClass::field;
  access.index = ir::kExceptionFields;
  access.size = static_cast<uint8_t>(size);
  return access;
}

}  // namespace

// --- throwing

void Builder::throw_(wasm::TagIndex tag, const wasm::FuncType& type) {
  const auto count = static_cast<uint32_t>(type.params.size());
  if (jump_to_clause(tag, count)) return;
  const PayloadLayout layout = payload_layout(type);
  const Value arguments[] = {type_id(module_.tags[tag.index()].type.type), insert_.iconst(Type::i32, layout.size)};
  const Value exception = call_builtin(Builtin::gc_allocate, arguments);
  const auto store = [&](Value value, uint32_t offset) {
    MemoryAccess access = field_access(size_of(function_[value].type));
    access.offset = offset;
    store_field(exception, access, value);
  };
  store(tag_address(tag), offsetof(abi::VMException, tag));
  for (uint32_t i = 0; i < count; ++i) store(top(count)[i], layout.offsets[i]);
  drop_values(count);
  throw_value(exception, Builtin::throw_exception);
}

// Replaces a throw by a jump if it is certain which clause of an enclosing try_table catches the tag, and the clause
// passes no reference to the exception. Then no exception object is made: a jump to the clause's label, with the
// payload (the topmost `count` values), is placed instead. Returns whether this was done.
bool Builder::jump_to_clause(wasm::TagIndex thrown, uint32_t count) {
  using Kind = wasm::CatchClause::Kind;
  if (!insert_.simplifies()) return false;
  for (uint32_t region = handler_; region != kNone; region = frames_[region].outer_handler) {
    const Frame& frame = frames_[region];
    if (frame.kind != FrameKind::try_table) return false;
    for (uint32_t i = 0; i < frame.saved_count; ++i) {
      const wasm::CatchClause& clause = clauses_[frame.first_saved + i];
      const bool is_all = clause.kind == Kind::catch_all || clause.kind == Kind::catch_all_ref;
      if (!is_all && clause.tag != thrown) {
        // Two imported tags may be the same, so it is not certain that the clause does not match.
        if (module_.tags[thrown.index()].is_imported && module_.tags[clause.tag.index()].is_imported) return false;
        continue;
      }
      if (clause.kind == Kind::catch_ref || clause.kind == Kind::catch_all_ref) return false;
      if (is_all) drop_values(count);
      // The clause's depth counts labels from outside the try_table.
      jump_to(static_cast<uint32_t>(frames_.size()) - region + clause.depth);
      return true;
    }
  }
  return false;
}

void Builder::throw_ref() {
  const Value exception = pop();
  const Value null = insert_.iconst(Type::gcref, 0);
  insert_.trap_if(insert_.compare(Condition::eq, exception, null), wasm::TrapKind::null_exception_reference);
  throw_value(exception, Builtin::throw_exception);
}

void Builder::rethrow(uint32_t depth) { throw_value(frame_at(depth).exception, Builtin::throw_exception); }

// Throws to the handler of the innermost region. If there is no region, calls the builtin `how`, which throws out of
// the function.
void Builder::throw_value(Value exception, Builtin how) {
  if (handler_ != kNone) return throw_to_handler(exception);
  const Value arguments[] = {exception};
  call_builtin(how, arguments);
  trap(wasm::TrapKind::unreachable);
}

// Jumps to the dispatch of the innermost region, and records the jump as an edge that passes the exception.
void Builder::throw_to_handler(Value exception) {
  const uint32_t target = terminate(Opcode::jump, 1, Value::none(), ir::BranchHint::none);
  Frame& frame = frames_[handler_];
  const auto depth = static_cast<uint32_t>(frames_.size()) - 1 - handler_;
  frame.handler_mark = std::min(frame.handler_mark, mark_for(depth));
  push(exception);
  frame.first_throw = add_edge(frame, target, 1, frame.first_throw);
  pop();
}

// --- calls in a region

void Builder::make_invoke(const ir::CallInfo& info) {
  const auto first = static_cast<uint32_t>(function_.target_lists.size());
  function_.target_lists.resize(first + 2);
  Instruction inst;
  inst.opcode = Opcode::invoke;
  inst.extra = function_.add_call(info);
  inst.immediate = first;
  const Value call = terminate(inst);

  const Block pad = create_block();
  function_[pad].is_cold = true;
  function_.target_lists[first + 1].block = pad;
  start_block(pad);
  Instruction caught;
  caught.opcode = Opcode::caught;
  caught.type = Type::gcref;
  caught.operands[0] = call;
  throw_to_handler(insert_.place(caught));

  const Block next = create_block();
  function_.target_lists[first].block = next;
  start_block(next);
  for (size_t i = 0; i < info.signature.results.size(); ++i) {
    Instruction result;
    result.opcode = Opcode::invoke_result;
    result.type = info.signature.results[i];
    result.operands[0] = call;
    result.immediate = static_cast<int64_t>(i);
    push(insert_.place(result));
  }
}

// --- regions

// Opens a frame whose body is a region, the innermost one from now on.
void Builder::push_region(FrameKind kind, const wasm::BlockSignature& signature) {
  Frame& frame = push_frame(kind, signature);
  frame.outer_handler = handler_;
  handler_ = static_cast<uint32_t>(frames_.size() - 1);
}

void Builder::try_table(const wasm::BlockSignature& signature, std::span<const wasm::CatchClause> clauses) {
  push_region(FrameKind::try_table, signature);
  Frame& frame = frames_.back();
  frame.first_saved = static_cast<uint32_t>(clauses_.size());
  frame.saved_count = static_cast<uint32_t>(clauses.size());
  clauses_.append(clauses);
}

void Builder::try_(const wasm::BlockSignature& signature) { push_region(FrameKind::try_, signature); }

// Ends the region of the innermost frame and starts its handler, with the exception on the stack. Returns false if
// nothing is thrown in the region.
bool Builder::begin_handler() {
  if (is_live_) jump_to(0);
  Frame& frame = frames_.back();
  handler_ = frame.outer_handler;
  undo_locals(frame.log_mark);
  stack_.resize(frame.height);
  if (frame.first_throw == kNone) return false;
  insert_.table().rollback(std::min(frame.handler_mark, insert_.table().mark()));
  frame.merge_mark = std::min(frame.merge_mark, frame.handler_mark);
  Frame arriving;
  arriving.first_edge = frame.first_throw;
  arriving.result_count = 1;
  if (edges_[frame.first_throw].next == kNone) {
    merge_one(arriving, edges_[frame.first_throw]);
  } else {
    merge_many(arriving);
    function_[insert_.block()].is_cold = true;
  }
  return true;
}

// Dispatches an exception to the clauses of a try_table. The depths of clauses count labels from outside the try_table.
void Builder::dispatch(const Frame& frame, Value exception) {
  for (uint32_t i = 0; i < frame.saved_count && is_live_; ++i) {
    const wasm::CatchClause clause = clauses_[frame.first_saved + i];
    const bool passes_exception =
        clause.kind == wasm::CatchClause::Kind::catch_ref || clause.kind == wasm::CatchClause::Kind::catch_all_ref;
    const auto leave = [&] {
      if (passes_exception) push(exception);
      jump_to(clause.depth + 1);
      stack_.resize(frame.height);
    };
    if (clause.kind == wasm::CatchClause::Kind::catch_all || clause.kind == wasm::CatchClause::Kind::catch_all_ref) {
      leave();
      continue;
    }
    const Block other = begin_clause(exception, clause.tag);
    const uint32_t mark = insert_.table().mark();
    push_payload(exception, clause.tag);
    leave();
    insert_.table().rollback(mark);
    start_block(other);
  }
}

// Branches on the exception's tag. The new block where the tag matches becomes the current one. Returns the new block
// where the tag does not match.
ir::Block Builder::begin_clause(Value exception, wasm::TagIndex tag) {
  MemoryAccess access = field_access(8);
  access.offset = offsetof(abi::VMException, tag);
  const Value actual = load_field(Type::i64, exception, access);
  const Value matches = insert_.compare(Condition::eq, actual, tag_address(tag));
  const bool is_cold = function_[insert_.block()].is_cold;
  const uint32_t first = terminate(Opcode::branch, 2, matches, ir::BranchHint::none);
  const Block match = create_block(), other = create_block();
  function_[match].is_cold = function_[other].is_cold = is_cold;
  function_.target_lists[first].block = match;
  function_.target_lists[first + 1].block = other;
  start_block(match);
  return other;
}

// Pushes the fields of the exception's payload.
void Builder::push_payload(Value exception, wasm::TagIndex tag) {
  const wasm::FuncType& type = module_.types[module_.tags[tag.index()].type.type.index()].func;
  const PayloadLayout layout = payload_layout(type);
  for (size_t i = 0; i < type.params.size(); ++i) {
    const Type in_ir = context_.to_ir(type.params[i]);
    MemoryAccess access = field_access(size_of(in_ir));
    access.offset = layout.offsets[i];
    push(load_field(in_ir, exception, access));
  }
}

// --- the clauses of the legacy `try`: unlike those of a try_table, they have bodies of their own

// Ends the region or the current clause, and restores the state in which the next clause begins. Returns false if the
// next clause is never reached.
bool Builder::next_clause() {
  Frame& frame = frames_.back();
  if (frame.kind == FrameKind::try_) {
    const bool is_reached = begin_handler();
    Frame& handler = frames_.back();
    handler.kind = FrameKind::catch_;
    handler.first_saved = static_cast<uint32_t>(handler_locals_.size());
    if (!is_reached) return is_live_ = false;
    handler.exception = pop();
    // Saves the values that changed locals have in the handler. Each later clause sets these locals again.
    ++stamp_;
    for (size_t i = log_.size(); i-- > handler.log_mark;) {
      const uint32_t local = log_[i].local;
      if (stamps_[local] == stamp_) continue;
      stamps_[local] = stamp_;
      handler_locals_.push_back({local, locals_[local].value});
    }
    handler.saved_count = static_cast<uint32_t>(handler_locals_.size()) - handler.first_saved;
    return true;
  }
  if (is_live_) jump_to(0);
  undo_locals(frame.log_mark);
  stack_.resize(frame.height);
  if (!frame.block) return is_live_ = false;
  for (uint32_t i = 0; i < frame.saved_count; ++i) {
    const LocalValue& entry = handler_locals_[frame.first_saved + i];
    write_local(entry.local, entry.value);
  }
  insert_.table().rollback(frame.clause_mark);
  start_block(frame.block);
  frame.block = Block::none();
  return true;
}

Reachability Builder::catch_(wasm::TagIndex tag, const wasm::FuncType&) {
  if (!next_clause()) return Reachability::dead;
  const Value exception = frames_.back().exception;
  const Block other = begin_clause(exception, tag);
  Frame& frame = frames_.back();
  frame.block = other;
  frame.clause_mark = insert_.table().mark();
  push_payload(exception, tag);
  return Reachability::live;
}

Reachability Builder::catch_all() { return next_clause() ? Reachability::live : Reachability::dead; }

Reachability Builder::delegate(uint32_t depth) {
  if (!begin_handler()) return merge(frames_.back());
  const Value exception = pop();
  // The exception goes to the innermost region that is the label's block or contains it.
  const auto target = static_cast<uint32_t>(frames_.size()) - 2 - depth;
  const uint32_t outer = handler_;
  while (handler_ != kNone && handler_ > target) handler_ = frames_[handler_].outer_handler;
  throw_value(exception, Builtin::continue_throw);
  handler_ = outer;
  return merge(frames_.back());
}

// Ends the innermost frame, which is a try_table or a legacy `try`. Exceptions that none of its clauses catches go on
// to the next outer region or to the caller.
Reachability Builder::end_region() {
  if (frames_.back().kind == FrameKind::catch_) {
    if (next_clause()) throw_value(frames_.back().exception, Builtin::continue_throw);
    handler_locals_.resize(frames_.back().first_saved);
    return merge(frames_.back());
  }
  if (frames_.back().first_throw == kNone) {
    handler_ = frames_.back().outer_handler;
  } else {
    begin_handler();
    const Value exception = pop();
    const Frame frame = frames_.back();
    dispatch(frame, exception);
    if (is_live_) throw_value(exception, Builtin::continue_throw);
  }
  if (frames_.back().kind == FrameKind::try_table) clauses_.resize(frames_.back().first_saved);
  return merge(frames_.back());
}

// --- objects

Builder::PayloadLayout Builder::payload_layout(const wasm::FuncType& type) {
  PayloadLayout layout;
  layout.offsets = function_.arena.make_span<uint32_t>(type.params.size());
  abi::FieldLayout fields(abi::kExceptionPayloadOffset);
  const auto is_function = [&](wasm::TypeIndex index) {
    return module_.types[index.index()].kind == wasm::SubType::Kind::func;
  };
  for (size_t i = 0; i < type.params.size(); ++i)
    layout.offsets[i] = fields.place(abi::storage_of(type.params[i], is_function));
  layout.size = fields.size();
  return layout;
}

ir::Value Builder::tag_address(wasm::TagIndex tag) {
  MemoryAccess access;
  access.size = 8;
  access.alias = AliasClass::immutable;
  return insert_.load(Type::i64, Value::none(), static_cast<int64_t>(context_.layout().tag(tag.index())), access);
}

ir::Value Builder::heap_base() {
  MemoryAccess access;
  access.size = 8;
  access.alias = AliasClass::immutable;
  return insert_.load(Type::i64, Value::none(), offsetof(abi::VMContext, heap_base), access);
}

ir::Value Builder::load_field(Type type, Value object, const MemoryAccess& access) {
  Instruction inst;
  inst.opcode = Opcode::heap_load;
  inst.type = type;
  inst.operands[0] = object;
  inst.operands[1] = heap_base();
  inst.extra = function_.add_access(access);
  // The value of a constant field may come from an earlier load. Any other field may have changed since then.
  return access.index >= ir::kConstantFields ? insert_.emit(inst) : insert_.place(inst);
}

}  // namespace cairn::compiler

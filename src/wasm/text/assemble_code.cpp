// Encodes instruction sequences ([wasm 6.5]): blocks, folded instructions, labels.
//
// The binary format has (i32.add (a) (b)) in the order a b i32.add. Therefore the bytes of a folded instruction wait in
// pending_ until its parenthesis closes. The bytes of a folded block, loop or try are written at once.
#include "base/format.hpp"
#include "wasm/text/assembler.hpp"
#include "wasm/text/keywords.hpp"
#include "wasm/text/text.hpp"

namespace cairn::wasm::text {
namespace {

constexpr uint32_t kElse = 0x05;
constexpr uint32_t kEnd = 0x0b;
constexpr uint32_t kEmptyBlockType = 0x40;

}  // namespace

Result<void> Assembler::func_body(IndexSpace& locals) {
  ByteWriter body;
  if (map_ != nullptr) map_->begin_function(static_cast<uint32_t>(cursor_.peek().offset));
  CAIRN_TRY(local_declarations(locals, body));
  locals_ = &locals;
  block_count_ = 0;
  CAIRN_TRY(instructions(body));
  locals_ = nullptr;
  code_section_.add().sized(body.bytes());
  return {};
}

Result<void> Assembler::local_declarations(IndexSpace& locals, ByteWriter& out) {
  VectorWriter runs;  // runs of locals with the same type
  ByteWriter current;
  uint32_t length = 0;
  const auto flush = [&] {
    if (length == 0) return;
    ByteWriter& run = runs.add();
    run.unsigned_leb(length);
    run.append(current.bytes());
  };
  const auto declare = [&]() -> Result<void> {
    ByteWriter type;
    CAIRN_TRY(value_type(type));
    if (length == 0 || type.view() != current.view()) {
      flush();
      length = 0;
      current = std::move(type);
    }
    ++length;
    return {};
  };
  while (cursor_.take_open("local")) {
    if (cursor_.at(Kind::identifier)) {
      CAIRN_TRY(bind_optional(locals, locals.add()));
      CAIRN_TRY(declare());
    } else {
      while (!cursor_.at(Kind::rparen)) {
        CAIRN_TRY(take_name_annotation(locals, locals.add()));
        CAIRN_TRY(declare());
      }
    }
    CAIRN_TRY(cursor_.expect_close());
  }
  flush();
  runs.append_to(out);
  return {};
}

Result<void> Assembler::instructions(ByteWriter& out) {
  out_ = &out;
  CAIRN_TRY(run_instructions(0, false));
  out.byte(kEnd);
  return {};
}

Result<void> Assembler::folded_expression(ByteWriter& out) {
  if (!cursor_.at(Kind::lparen)) return cursor_.unexpected("a folded instruction");
  out_ = &out;
  return run_instructions(0, true);
}

Result<void> Assembler::run_instructions(size_t base, bool only_one) {
  frames_.clear();
  pending_.clear();
  labels_.clear();
  label_indices_.clear();
  while (true) {
    note_source(source_here());
    if (cursor_.at(Kind::rparen)) {
      if (frames_.size() == base) return {};
      CAIRN_TRY(close_folded());
      if (only_one && frames_.size() == base) return {};
    } else if (cursor_.at(Kind::lparen)) {
      CAIRN_TRY(open_folded());
    } else if (cursor_.at(Kind::keyword)) {
      CAIRN_TRY(flat_instruction());
    } else {
      return cursor_.unexpected("an instruction");
    }
  }
}

uint32_t Assembler::source_here() const {
  const bool closes = cursor_.at(Kind::rparen) && !frames_.empty() && frames_.back().kind == Frame::Kind::folded_plain;
  return closes ? frames_.back().source : static_cast<uint32_t>(cursor_.peek().offset);
}

Result<void> Assembler::push_frame(Frame frame) {
  if (frames_.size() >= kMaxNesting) {
    return fail(Error::at(ErrorKind::limit, cursor_.peek().offset,
                          "nesting limit of " + decimal(uint64_t{kMaxNesting}) + " blocks exceeded"));
  }
  frames_.push_back(frame);
  return {};
}

// --- Folded instructions.

Result<std::optional<Assembler::PendingHint>> Assembler::hint_here(std::optional<PendingHint> earlier) {
  if (annotation_used_.empty()) return std::nullopt;
  std::optional<PendingHint> hint = CAIRN_TRY(take_branch_hint());
  return hint ? hint : earlier;
}

Result<void> Assembler::open_folded() {
  if (!frames_.empty()) {
    Frame& parent = frames_.back();
    if (parent.kind == Frame::Kind::folded_try) return open_try_clause(parent);
    if (parent.kind == Frame::Kind::folded_if && CAIRN_TRY(open_folded_clause(parent))) return {};
  }
  const auto source = static_cast<uint32_t>(cursor_.peek().offset);
  std::optional<PendingHint> hint = CAIRN_TRY(hint_here(std::nullopt));
  const std::optional<Opcode> opcode =
      cursor_.peek(1).kind == Kind::keyword ? find_instruction(cursor_.text(1)) : std::nullopt;
  if (!opcode) return cursor_.unexpected_at(1, "an instruction");
  switch (*opcode) {
    case Opcode::else_:
    case Opcode::end:
    case Opcode::catch_:
    case Opcode::catch_all:
    case Opcode::delegate: return cursor_.unexpected_at(1, "an instruction");
    default: break;
  }
  cursor_.next();
  hint = CAIRN_TRY(hint_here(hint));
  cursor_.next();
  switch (*opcode) {
    case Opcode::block:
    case Opcode::loop:
    case Opcode::try_table: return open_block(*opcode, Frame::Kind::folded_block, hint);
    case Opcode::try_: return open_block(*opcode, Frame::Kind::folded_try, hint);
    default: break;
  }
  Frame frame{.kind = Frame::Kind::folded_plain, .opcode = *opcode, .label = {}, .hint = hint, .source = source};
  frame.pending = static_cast<uint32_t>(pending_.size());
  if (*opcode == Opcode::if_) {
    frame.kind = Frame::Kind::folded_if;
    frame.label = optional_label();
    put_opcode(pending_, *opcode);
    CAIRN_TRY(block_type(pending_));
  } else {
    CAIRN_TRY(plain_instruction(pending_, *opcode));
  }
  return push_frame(frame);
}

// Called at a parenthesis inside a folded if. Returns whether the parenthesis opens a `then` or `else` clause. The
// condition's instructions come before these clauses.
Result<bool> Assembler::open_folded_clause(Frame& parent) {
  if (parent.stage == 0) {
    if (!cursor_.take_open("then")) return false;
    CAIRN_TRY(note_hint(parent.hint, Opcode::if_));
    note_source(parent.source);
    out_->append(pending_.bytes().subspan(parent.pending));
    pending_.truncate(parent.pending);
    push_label(parent.label);
    parent.stage = 1;
    CAIRN_TRY(push_frame({.kind = Frame::Kind::folded_then, .opcode = Opcode::if_, .label = {}, .hint = {}}));
    return true;
  }
  if (parent.stage == 1 && cursor_.take_open("else")) {
    out_->byte(kElse);
    parent.stage = 2;
    CAIRN_TRY(push_frame({.kind = Frame::Kind::folded_else, .opcode = Opcode::if_, .label = {}, .hint = {}}));
    return true;
  }
  return cursor_.unexpected_at(1, "else");
}

// Called at a parenthesis inside a folded try (legacy exceptions).
Result<void> Assembler::open_try_clause(Frame& parent) {
  enum Stage : uint8_t { kNothing, kDo, kCatch, kCatchAll, kOver };
  const Frame clause{.kind = Frame::Kind::folded_catch, .opcode = Opcode::try_, .label = {}, .hint = {}};
  if (parent.stage == kNothing && cursor_.take_open("do")) {
    parent.stage = kDo;
    Frame body = clause;
    body.kind = Frame::Kind::folded_do;
    return push_frame(body);
  }
  if (parent.stage == kDo && cursor_.take_open("delegate")) {
    parent.stage = kOver;
    pop_label();
    put_opcode(*out_, Opcode::delegate);
    CAIRN_TRY(label_index(*out_));
    return cursor_.expect_close();
  }
  if ((parent.stage == kDo || parent.stage == kCatch) && cursor_.take_open("catch")) {
    parent.stage = kCatch;
    put_opcode(*out_, Opcode::catch_);
    CAIRN_TRY(put_index(*out_, tags_));
    return push_frame(clause);
  }
  if ((parent.stage == kDo || parent.stage == kCatch) && cursor_.take_open("catch_all")) {
    parent.stage = kCatchAll;
    put_opcode(*out_, Opcode::catch_all);
    return push_frame(clause);
  }
  return cursor_.unexpected_at(1, parent.stage == kNothing ? "do" : "catch, catch_all or delegate");
}

Result<void> Assembler::close_folded() {
  const Frame frame = frames_.back();
  switch (frame.kind) {
    case Frame::Kind::folded_plain:
      CAIRN_TRY(note_hint(frame.hint, frame.opcode));
      out_->append(pending_.bytes().subspan(frame.pending));
      pending_.truncate(frame.pending);
      break;
    case Frame::Kind::folded_if:
      if (frame.stage == 0) return cursor_.unexpected("'(then'");
      out_->byte(kEnd);
      pop_label();
      break;
    case Frame::Kind::folded_try:
      if (frame.stage == 0) return cursor_.unexpected("'(do'");
      if (frame.stage == 4) break;  // kOver in open_try_clause(): delegate has ended the block
      [[fallthrough]];
    case Frame::Kind::folded_block:
      out_->byte(kEnd);
      pop_label();
      break;
    case Frame::Kind::folded_then:
    case Frame::Kind::folded_else:
    case Frame::Kind::folded_do:
    case Frame::Kind::folded_catch: break;
    default: return cursor_.unexpected("'end'");
  }
  frames_.pop_back();
  cursor_.next();
  return {};
}

// --- Instructions without parentheses.

Result<void> Assembler::flat_instruction() {
  if (!frames_.empty()) {
    switch (frames_.back().kind) {
      case Frame::Kind::folded_plain: return cursor_.unexpected("a folded instruction or ')'");
      case Frame::Kind::folded_if: return cursor_.unexpected("a folded instruction, '(then' or '(else'");
      case Frame::Kind::folded_try: return cursor_.unexpected("'(do', '(catch', '(catch_all' or '(delegate'");
      default: break;
    }
  }
  const std::optional<Opcode> opcode = find_instruction(cursor_.text());
  if (!opcode) return cursor_.unexpected("an instruction");
  const std::optional<PendingHint> hint = CAIRN_TRY(hint_here(std::nullopt));
  switch (*opcode) {
    case Opcode::block:
    case Opcode::loop:
    case Opcode::try_table: cursor_.next(); return open_block(*opcode, Frame::Kind::block, hint);
    case Opcode::if_: cursor_.next(); return open_block(*opcode, Frame::Kind::if_, hint);
    case Opcode::try_: cursor_.next(); return open_block(*opcode, Frame::Kind::try_, hint);
    case Opcode::else_:
    case Opcode::end:
    case Opcode::catch_:
    case Opcode::catch_all:
    case Opcode::delegate: CAIRN_TRY(note_hint(hint, *opcode)); return flat_delimiter(*opcode);
    default: break;
  }
  cursor_.next();
  CAIRN_TRY(note_hint(hint, *opcode));
  return plain_instruction(*out_, *opcode);
}

// Encodes else, end, catch, catch_all and delegate.
Result<void> Assembler::flat_delimiter(Opcode opcode) {
  using enum Frame::Kind;
  if (frames_.empty()) return cursor_.unexpected("an instruction");
  Frame& frame = frames_.back();
  if (frame.kind >= folded_plain) return cursor_.unexpected("an instruction or ')'");
  const bool in_try = frame.kind == try_ || frame.kind == catch_;
  switch (opcode) {
    case Opcode::else_:
      if (frame.kind != if_) return cursor_.unexpected("an instruction or 'end'");
      frame.kind = else_;
      break;
    case Opcode::catch_:
      if (!in_try) return cursor_.unexpected("an instruction or 'end'");
      frame.kind = catch_;
      break;
    case Opcode::catch_all:
      if (!in_try) return cursor_.unexpected("an instruction or 'end'");
      frame.kind = catch_all;
      break;
    case Opcode::delegate:
      if (frame.kind != try_) return cursor_.unexpected("an instruction or 'end'");
      break;
    default: break;
  }
  cursor_.next();
  put_opcode(*out_, opcode);
  switch (opcode) {
    case Opcode::catch_: return put_index(*out_, tags_);
    case Opcode::delegate:
      pop_label();
      frames_.pop_back();
      return label_index(*out_);
    case Opcode::end: {
      const Frame closed = frame;
      pop_label();
      frames_.pop_back();
      return repeated_label(closed);
    }
    default: return repeated_label(frame);
  }
}

// Opens a block. The cursor is after the block's keyword: block, loop, if, try_table or try.
Result<void> Assembler::open_block(Opcode opcode, Frame::Kind kind, std::optional<PendingHint> hint) {
  CAIRN_TRY(note_hint(hint, opcode));
  Frame frame{.kind = kind, .opcode = opcode, .label = optional_label(), .hint = {}};
  put_opcode(*out_, opcode);
  CAIRN_TRY(block_type(*out_));
  if (opcode == Opcode::try_table) CAIRN_TRY(catch_clauses(*out_));
  push_label(frame.label);
  return push_frame(frame);
}

Result<void> Assembler::block_type(ByteWriter& out) {
  const TypeUse use = CAIRN_TRY(type_use(ParamNames::refuse, nullptr));
  if (!use.type && use.shape.param_count == 0 && use.shape.result_count <= 1) {
    if (use.shape.result_count == 0) out.byte(kEmptyBlockType);
    out.append(use.shape.results.bytes());
    return {};
  }
  out.signed_leb(CAIRN_TRY(resolve(use)));
  return {};
}

Result<void> Assembler::catch_clauses(ByteWriter& out) {
  VectorWriter clauses;
  while (true) {
    if (cursor_.take_open("catch")) {
      clauses.add().byte(0);
      CAIRN_TRY(put_index(clauses.items, tags_));
    } else if (cursor_.take_open("catch_ref")) {
      clauses.add().byte(1);
      CAIRN_TRY(put_index(clauses.items, tags_));
    } else if (cursor_.take_open("catch_all")) {
      clauses.add().byte(2);
    } else if (cursor_.take_open("catch_all_ref")) {
      clauses.add().byte(3);
    } else {
      break;
    }
    CAIRN_TRY(label_index(clauses.items));
    CAIRN_TRY(cursor_.expect_close());
  }
  clauses.append_to(out);
  return {};
}

// --- Labels.

std::string_view Assembler::optional_label() {
  if (!cursor_.at(Kind::identifier)) return {};
  return cursor_.stream().identifier(cursor_.next());
}

// Reads the block's label if the text repeats it, which is allowed after `else`, `catch_all` and `end`.
Result<void> Assembler::repeated_label(const Frame& frame) {
  if (!cursor_.at(Kind::identifier)) return {};
  if (cursor_.stream().identifier(cursor_.peek()) != frame.label) {
    return cursor_.error("mismatching label " + std::string(cursor_.text()));
  }
  cursor_.next();
  return {};
}

void Assembler::push_label(std::string_view name) {
  Label label{name, Token::kNone};
  const auto index = static_cast<uint32_t>(labels_.size());
  if (!name.empty()) {
    const auto [entry, is_new] = label_indices_.try_emplace(name, index);
    if (!is_new) {
      label.shadowed = entry->second;
      entry->second = index;
    }
    if (locals_ != nullptr) current_labels_.emplace_back(block_count_, std::string(name));
  }
  ++block_count_;
  labels_.push_back(label);
}

void Assembler::pop_label() {
  const Label label = labels_.back();
  labels_.pop_back();
  if (label.name.empty()) return;
  if (label.shadowed == Token::kNone) {
    label_indices_.erase(label.name);
  } else {
    label_indices_[label.name] = label.shadowed;
  }
}

}  // namespace cairn::wasm::text

#include "wasm/validation/validation_state.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "wasm/decode/syntax.hpp"

namespace cairn::wasm {
namespace {

std::string list(std::span<const ValType> types) {
  constexpr size_t kShown = 16;
  std::string text = "[";
  for (size_t i = 0; i < types.size() && i < kShown; ++i) {
    if (i > 0) text += ' ';
    text += to_string(types[i]);
  }
  if (types.size() > kShown) text += " ...";
  return text + "]";
}

}  // namespace

bool ValidationState::unknown(std::string_view what, uint64_t index) {
  std::string message = "unknown ";
  message += what;
  return invalid(message + " " + decimal(index));
}

bool ValidationState::mismatch_of(std::string_view who, std::span<const ValType> expected) {
  const size_t available = operands_.available();
  const size_t shown = who == "block" ? available : std::min(available, expected.size());
  std::string message = ": ";
  message += who;
  message += " requires " + list(expected) + " but stack has " + list(operands_.top(shown));
  return mismatch(std::move(message));
}

void ValidationState::malformed_first(uint32_t open_blocks, bool has_data_count) {
  if (in_.error().kind != ErrorKind::invalid) return;
  const auto bytes = in_.bytes_from(offset_);
  ByteReader rest(bytes, offset_);
  if (!skip_instructions(rest, open_blocks, has_data_count)) in_.error() = std::move(rest.error());
}

// --- The operand stack.

bool ValidationState::operand_stack_full() {
  return in_.fail(ErrorKind::limit, offset_,
                  "operand stack too high (the limit is " + decimal(limits::kOperandStack) + " values)");
}

bool ValidationState::pop_slow(ValType expected) {
  if (operands_.available() == 0) return frames_.back().is_unreachable || mismatch_of("instruction", {&expected, 1});
  if (!type_matches(operands_.back(), expected)) return mismatch_of("instruction", {&expected, 1});
  operands_.pop(1);
  return true;
}

bool ValidationState::pop_any(ValType& type) {
  if (operands_.available() == 0) {
    type = ValType::bottom;
    return frames_.back().is_unreachable || mismatch(": instruction requires a value but stack has []");
  }
  type = operands_.back();
  operands_.pop(1);
  return true;
}

bool ValidationState::pop_ref(ValType& type) {
  CAIRN_CHECK(pop_any(type));
  if (type == ValType::bottom) type = ValType::bottom_ref();
  return type.is_ref() || mismatch(": instruction requires a reference but stack has [" + to_string(type) + "]");
}

bool ValidationState::push_all(std::span<const ValType> types) {
  return operands_.push_all(types) || operand_stack_full();
}

bool ValidationState::check_top(std::span<const ValType> types) {
  const size_t available = operands_.available();
  const size_t checked = std::min(available, types.size());
  if (checked < types.size() && !frames_.back().is_unreachable) return mismatch_of("instruction", types);
  const auto actual = operands_.top(checked);
  const auto expected = types.last(checked);
  for (size_t i = 0; i < checked; ++i) {
    if (!type_matches(actual[i], expected[i])) return mismatch_of("instruction", types);
  }
  return true;
}

bool ValidationState::pop_all(std::span<const ValType> types) {
  CAIRN_CHECK(check_top(types));
  operands_.pop(std::min(operands_.available(), types.size()));
  return true;
}

void ValidationState::set_unreachable() {
  operands_.cut_to_floor();
  frames_.back().is_unreachable = true;
}

// --- The control stack.

bool ValidationState::push_frame(FrameKind kind, const BlockSignature& signature, bool is_visible) {
  if (frames_.size() > limits::kControlNesting) {
    in_.fail(ErrorKind::limit, offset_,
             "blocks nested too deeply (the limit is " + decimal(limits::kControlNesting) + ")");
    return false;
  }
  const auto height = static_cast<uint32_t>(operands_.size());
  operands_.set_floor(height);
  frames_.push_back(Frame{signature, height, static_cast<uint32_t>(set_locals_.size()), kind, false, is_visible});
  return push_all(signature.params());
}

bool ValidationState::check_block_end() {
  const auto results = frames_.back().signature.results();
  const size_t available = operands_.available();
  return available > results.size() ? mismatch_of("block", results) : check_top(results);
}

void ValidationState::pop_frame() {
  const Frame& frame = frames_.back();
  operands_.cut_to_floor();
  while (set_locals_.size() > frame.init_height) {
    unset_locals_[set_locals_.back()] = true;
    set_locals_.pop_back();
  }
  frames_.pop_back();
  operands_.set_floor(frames_.empty() ? 0 : frames_.back().height);
}

void ValidationState::restart_frame(FrameKind kind) {
  Frame frame = frames_.back();
  pop_frame();
  frame.kind = kind;
  frame.is_unreachable = false;
  operands_.set_floor(frame.height);
  frames_.push_back(frame);
}

bool ValidationState::check_if_without_else() {
  const BlockSignature& signature = frames_.back().signature;
  const auto params = signature.params();
  const auto results = signature.results();
  const bool matching = std::ranges::equal(
      params, results, [this](ValType param, ValType result) { return type_matches(param, result); });
  return matching || mismatch(": if without else has the type " + list(params) + " -> " + list(results));
}

bool ValidationState::label(uint32_t depth, const Frame*& frame) {
  if (depth >= frames_.size()) return unknown("label", depth);
  frame = &frames_[frames_.size() - 1 - depth];
  return true;
}

// --- Functions and locals.

bool ValidationState::begin_function(FuncIndex function) {
  const Function& body = module_->functions[function.index()];
  function_type_ = &module_->func_type(function);
  in_ = ByteReader(body.body, body.body_offset);
  offset_ = body.body_offset;
  operands_.clear();
  frames_.clear();
  set_locals_.clear();
  unset_locals_.clear();
  checked_depths_.clear();
  br_table_count_ = 0;
  locals_.assign(function_type_->params.begin(), function_type_->params.end());
  CAIRN_CHECK(read_locals());
  frames_.push_back(Frame{BlockSignature(*function_type_), 0, 0, FrameKind::function, false, true});
  return true;
}

bool ValidationState::read_locals() {
  uint32_t groups = 0;
  CAIRN_CHECK(in_.read_u32(groups));
  uint64_t total = locals_.size();
  uint64_t declared = 0;
  for (uint32_t i = 0; i < groups; ++i) {
    offset_ = in_.offset();
    uint32_t count = 0;
    ValType type = ValType::i32;
    CAIRN_CHECK(in_.read_u32(count));
    declared += count;
    if (declared > 0xffff'ffff) return malformed("too many locals");
    CAIRN_CHECK(read_value_type(in_, type_context(), type));
    total += count;
    // The limit is reported after the last declaration, because a later declaration may be malformed, which is the
    // error to report then.
    if (total > limits::kLocals) continue;
    locals_.insert(locals_.end(), count, type);
    if (!type.is_defaultable()) {
      unset_locals_.resize(locals_.size() - count, false);
      unset_locals_.resize(locals_.size(), true);
    }
  }
  if (total > limits::kLocals) {
    Error error = limits::exceeded(offset_, "too many locals", total, limits::kLocals);
    return in_.fail(error.kind, error.offset, std::move(error.message));
  }
  if (!unset_locals_.empty()) unset_locals_.resize(locals_.size(), false);
  return true;
}

bool ValidationState::next_opcode_slow(Opcode& opcode) {
  uint8_t byte = 0;
  if (in_.at_end()) return end_expected();
  CAIRN_CHECK(in_.read_u8(byte));
  opcode = kOneByteOpcodes[byte];
  if (opcode == kNoOpcode) {
    if (byte < 0xfb || byte > 0xfe) return malformed("illegal opcode " + hex(byte, 2).substr(2));
    uint32_t code = 0;
    CAIRN_CHECK(in_.read_u32(code));
    opcode = find_prefixed_opcode(byte, code);
    if (opcode == kNoOpcode)
      return malformed("illegal opcode " + hex(byte, 2).substr(2) + " " + hex(code, 2).substr(2));
  }
  return (row(opcode).feature_bits & ~features_.bits()) == 0 || feature_off(opcode);
}

bool ValidationState::feature_off(Opcode opcode) {
  if (opcode == Opcode::throw_ && features_.has(Feature::legacy_exceptions)) return true;
  return require(*info(opcode).feature, info(opcode).name);
}

bool ValidationState::at_function_end() {
  return in_.at_end() ||
         in_.fail(ErrorKind::malformed, in_.offset(), "section size mismatch: code after the function's end");
}

// Called when the bytes of the body have ended before its `end`. The error that the specification's test suite expects
// depends on the bytes after the body.
bool ValidationState::end_expected() {
  const uint64_t offset = in_.offset();
  if (offset >= module_->bytes.size()) return malformed("unexpected end of section or function");
  // 0x0b is the opcode of `end`.
  if (module_->bytes[offset] == std::byte{0x0b}) return malformed("section size mismatch: the function has no end");
  return malformed("END opcode expected");
}

bool ValidationState::check_local_is_set_slow(uint32_t index) {
  if (!unset_locals_[index]) return true;
  return invalid("uninitialized local " + decimal(index));
}

void ValidationState::set_local_slow(uint32_t index) {
  if (!unset_locals_[index]) return;
  unset_locals_[index] = false;
  set_locals_.push_back(index);
}

// --- Immediates.

bool ValidationState::read_block_signature(BlockSignature& signature) {
  uint8_t byte = 0;
  if (!in_.peek_u8(byte)) return in_.read_u8(byte);
  if (byte == 0x40) {  // the empty block type
    signature = BlockSignature();
    return in_.read_u8(byte);
  }
  if (is_value_type_byte(byte)) {
    ValType type = ValType::i32;
    CAIRN_CHECK(read_value_type(in_, type_context(), type));
    signature = BlockSignature(type);
    return true;
  }
  int64_t index = 0;
  CAIRN_CHECK(in_.read_s33(index));
  if (index < 0) return malformed("malformed block type");
  CAIRN_CHECK(require(Feature::multi_value, "a block with a type index"));
  if (static_cast<uint64_t>(index) >= module_->types.size()) return unknown("type", static_cast<uint64_t>(index));
  const SubType& type = module_->types[static_cast<size_t>(index)];
  if (type.kind != SubType::Kind::func) return invalid("non-function type " + decimal(index));
  signature = BlockSignature(type.func);
  return true;
}

// Bits 0 to 5 of the flags are the alignment; bit 6 says that a memory index follows.
bool ValidationState::read_memarg(const OpcodeRow& opcode_row, bool is_atomic, MemArg& memarg, ValType& address) {
  uint32_t flags = 0;
  uint32_t memory = 0;
  CAIRN_CHECK(in_.read_u32(flags));
  if (flags >= 0x80) return malformed("malformed memop flags");
  if ((flags & 0x40) != 0) {
    CAIRN_CHECK(require(Feature::multi_memory, "a memory index"));
    CAIRN_CHECK(in_.read_u32(memory));
  }
  CAIRN_CHECK(in_.read_u64(memarg.offset));
  memarg.memory = MemoryIndex(memory);
  memarg.align_log2 = flags & 0x3f;
  if (memory >= module_->memories.size()) return unknown("memory", memory);
  if (memarg.align_log2 > opcode_row.shape) return invalid("alignment must not be larger than natural");
  if (is_atomic && memarg.align_log2 != opcode_row.shape) return invalid("atomic alignment must be natural");
  const bool is_64 = module_->memories[memory].type.address == AddressType::i64;
  if (!is_64 && memarg.offset > 0xffff'ffff) return invalid("offset out of range");
  address = is_64 ? ValType::i64 : ValType::i32;
  return true;
}

bool ValidationState::read_lane(uint32_t lanes, uint8_t& lane) {
  CAIRN_CHECK(in_.read_u8(lane));
  return lane < lanes || invalid("invalid lane index " + decimal(uint32_t{lane}));
}

bool ValidationState::read_memory(MemoryIndex& memory, ValType& address) {
  uint32_t index = 0;
  CAIRN_CHECK(in_.read_u32(index));
  if (index != 0) CAIRN_CHECK(require(Feature::multi_memory, "a memory index"));
  if (index >= module_->memories.size()) return unknown("memory", index);
  memory = MemoryIndex(index);
  address = module_->memories[index].type.address == AddressType::i64 ? ValType::i64 : ValType::i32;
  return true;
}

bool ValidationState::read_table(TableIndex& table, ValType& address, ValType& element) {
  uint32_t index = 0;
  CAIRN_CHECK(in_.read_u32(index));
  if (index != 0) CAIRN_CHECK(require(Feature::reference_types, "a table index"));
  if (index >= module_->tables.size()) return unknown("table", index);
  table = TableIndex(index);
  const TableType& type = module_->tables[index].type;
  address = type.address == AddressType::i64 ? ValType::i64 : ValType::i32;
  element = type.element;
  return true;
}

bool ValidationState::check_data(uint32_t index, DataIndex& data) {
  if (!module_->data_count) return malformed("data count section required");
  if (index >= *module_->data_count) return unknown("data segment", index);
  data = DataIndex(index);
  return true;
}

bool ValidationState::check_elem(uint32_t index, ElemIndex& elem, ValType& type) {
  if (index >= module_->elements.size()) return unknown("elem segment", index);
  elem = ElemIndex(index);
  type = module_->elements[index].type;
  return true;
}

bool ValidationState::read_data(DataIndex& data) {
  uint32_t index = 0;
  return in_.read_u32(index) && check_data(index, data);
}

bool ValidationState::read_elem(ElemIndex& elem, ValType& type) {
  uint32_t index = 0;
  return in_.read_u32(index) && check_elem(index, elem, type);
}

bool ValidationState::read_type(SubType::Kind kind, TypeIndex& index, const SubType*& type) {
  uint32_t number = 0;
  CAIRN_CHECK(in_.read_u32(number));
  if (number >= module_->types.size()) return unknown("type", number);
  index = TypeIndex(number);
  type = &module_->types[number];
  if (type->kind == kind) return true;
  const char* expected = kind == SubType::Kind::func      ? "non-function type "
                         : kind == SubType::Kind::struct_ ? "non-structure type "
                                                          : "non-array type ";
  return invalid(expected + decimal(number));
}

bool ValidationState::read_field(const SubType& type, uint32_t& index, const FieldType*& field) {
  CAIRN_CHECK(in_.read_u32(index));
  if (index >= type.fields.size()) return unknown("field", index);
  field = &type.fields[index];
  return true;
}

bool ValidationState::read_function(FuncIndex& function, const FuncType*& type) {
  uint32_t index = 0;
  CAIRN_CHECK(in_.read_u32(index));
  if (index >= module_->functions.size()) return unknown("function", index);
  function = FuncIndex(index);
  type = &module_->func_type(function);
  return true;
}

bool ValidationState::read_tag(TagIndex& tag, const FuncType*& type) {
  uint32_t index = 0;
  CAIRN_CHECK(in_.read_u32(index));
  if (index >= module_->tags.size()) return unknown("tag", index);
  tag = TagIndex(index);
  type = &module_->types[module_->tags[index].type.type.index()].func;
  return true;
}

bool ValidationState::read_catch_clauses() {
  uint32_t count = 0;
  CAIRN_CHECK(in_.read_length(count));
  if (count > limits::kTryTableClauses) {
    Error error = limits::exceeded(offset_, "too many catch clauses", count, limits::kTryTableClauses);
    return in_.fail(error.kind, error.offset, std::move(error.message));
  }
  clauses_.clear();
  for (uint32_t i = 0; i < count; ++i) {
    uint8_t kind = 0;
    CAIRN_CHECK(in_.read_u8(kind));
    if (kind > 3) return malformed("malformed catch clause");
    CatchClause clause;
    clause.kind = static_cast<CatchClause::Kind>(kind);
    std::span<const ValType> values;
    if (clause.kind == CatchClause::Kind::catch_ || clause.kind == CatchClause::Kind::catch_ref) {
      const FuncType* tag = nullptr;
      CAIRN_CHECK(read_tag(clause.tag, tag));
      values = tag->params;
    }
    const Frame* target = nullptr;
    CAIRN_CHECK(in_.read_u32(clause.depth));
    CAIRN_CHECK(label(clause.depth, target));
    auto expected = target->label();
    if (clause.kind == CatchClause::Kind::catch_ref || clause.kind == CatchClause::Kind::catch_all_ref) {
      const ValType exception = ValType::reference(Nullability::non_null, HeapType::exn);
      if (expected.empty() || !type_matches(exception, expected.back())) {
        return mismatch(": catch clause passes (ref exn) but label has " + list(expected));
      }
      expected = expected.first(expected.size() - 1);
    }
    const bool matching = std::ranges::equal(
        values, expected, [this](ValType value, ValType parameter) { return type_matches(value, parameter); });
    if (!matching) return mismatch(": catch clause passes " + list(values) + " but label has " + list(expected));
    clauses_.push_back(clause);
  }
  return true;
}

bool ValidationState::read_br_table() {
  uint32_t count = 0;
  CAIRN_CHECK(in_.read_length(count));
  if (count > limits::kBrTableTargets) {
    Error error = limits::exceeded(offset_, "too many targets of br_table", count, limits::kBrTableTargets);
    return in_.fail(error.kind, error.offset, std::move(error.message));
  }
  depths_.resize(count + 1);
  for (uint32_t& depth : depths_) CAIRN_CHECK(in_.read_u32(depth));
  const Frame* target = nullptr;
  CAIRN_CHECK(label(depths_.back(), target));
  CAIRN_CHECK(pop(ValType::i32));
  const auto expected = target->label();
  // Each label is checked once, however often it occurs, so that the time stays linear.
  ++br_table_count_;
  if (checked_depths_.size() < frames_.size()) checked_depths_.resize(frames_.size(), 0);
  for (uint32_t depth : depths_) {
    CAIRN_CHECK(label(depth, target));
    if (checked_depths_[depth] == br_table_count_) continue;
    checked_depths_[depth] = br_table_count_;
    if (target->label().size() != expected.size()) {
      return mismatch(": br_table has targets of " + list(expected) + " and " + list(target->label()));
    }
    CAIRN_CHECK(check_top(target->label()));
  }
  return pop_all(expected);
}

}  // namespace cairn::wasm

// Encodes instructions other than blocks, with their immediates ([wasm 6.5]).
#include <algorithm>
#include <array>
#include <bit>

#include "base/format.hpp"
#include "wasm/text/assembler.hpp"
#include "wasm/text/keywords.hpp"
#include "wasm/text/literal.hpp"

namespace cairn::wasm::text {

void Assembler::put_opcode(ByteWriter& out, Opcode opcode) {
  const OpcodeInfo& entry = info(opcode);
  if (entry.prefix == 0) return out.byte(entry.code);
  out.byte(entry.prefix);
  out.unsigned_leb(entry.code);
}

Result<void> Assembler::plain_instruction(ByteWriter& out, Opcode opcode) {
  // The names select, ref.test and ref.cast each stand for several opcodes.
  if (opcode == Opcode::select) return select_types(out, opcode);
  if (opcode == Opcode::ref_test || opcode == Opcode::ref_cast) return reference_test(out, opcode);
  put_opcode(out, opcode);
  switch (info(opcode).immediate) {
    case Immediate::none: return {};
    case Immediate::zero_byte: out.byte(0); return {};
    case Immediate::block_type:
    case Immediate::try_table: break;  // open_block() encodes them
    case Immediate::label: return label_index(out);
    case Immediate::label_table: return label_table(out);
    case Immediate::cast_label: return cast_label(out);
    case Immediate::func: return put_index(out, funcs_);
    case Immediate::type: return put_index(out, types_);
    case Immediate::type_table: return indirect_call(out);
    case Immediate::local:
      if (locals_ == nullptr) return put_index(out, IndexSpace("local"));
      return put_index(out, *locals_);
    case Immediate::global: return put_index(out, globals_);
    case Immediate::table: out.unsigned_leb(CAIRN_TRY(optional_index(tables_))); return {};
    case Immediate::memory: out.unsigned_leb(CAIRN_TRY(optional_index(memories_))); return {};
    case Immediate::table_table: return two_indices(out, tables_);
    case Immediate::memory_memory: return two_indices(out, memories_);
    case Immediate::elem: return put_index(out, elems_);
    case Immediate::elem_table: return segment_and_container(out, tables_, elems_);
    case Immediate::data: uses_data_count_ = true; return put_index(out, datas_);
    case Immediate::data_memory: uses_data_count_ = true; return segment_and_container(out, memories_, datas_);
    case Immediate::tag: return put_index(out, tags_);
    case Immediate::heap_type: return heap_type(out);
    case Immediate::select_types: break;  // select_types() encodes them
    case Immediate::type_field: return field_index(out);
    case Immediate::type_count:
      CAIRN_TRY(put_index(out, types_));
      out.unsigned_leb(CAIRN_TRY(cursor_.expect_natural(32, "the number of elements")));
      return {};
    case Immediate::type_type: CAIRN_TRY(put_index(out, types_)); return put_index(out, types_);
    case Immediate::type_data:
      uses_data_count_ = true;
      CAIRN_TRY(put_index(out, types_));
      return put_index(out, datas_);
    case Immediate::type_elem: CAIRN_TRY(put_index(out, types_)); return put_index(out, elems_);
    case Immediate::memarg: return memory_argument(out, opcode, false);
    case Immediate::memarg_lane: return memory_argument(out, opcode, true);
    case Immediate::lane: return lane_index(out);
    case Immediate::shuffle: return shuffle(out);
    case Immediate::i32: out.signed_leb(static_cast<int32_t>(CAIRN_TRY(integer_literal(32)))); return {};
    case Immediate::i64: out.signed_leb(static_cast<int64_t>(CAIRN_TRY(integer_literal(64)))); return {};
    case Immediate::f32: out.fixed(CAIRN_TRY(float_literal(32)), 4); return {};
    case Immediate::f64: out.fixed(CAIRN_TRY(float_literal(64)), 8); return {};
    case Immediate::v128: return vector_constant(out);
  }
  return cursor_.unexpected("an instruction");
}

// --- Indices.

Result<void> Assembler::put_index(ByteWriter& out, const IndexSpace& space) {
  out.unsigned_leb(CAIRN_TRY(index(space)));
  return {};
}

Result<void> Assembler::label_index(ByteWriter& out) {
  if (!cursor_.at(Kind::identifier)) {
    out.unsigned_leb(CAIRN_TRY(cursor_.expect_natural(32, "a label")));
    return {};
  }
  const auto found = label_indices_.find(cursor_.stream().identifier(cursor_.peek()));
  if (found == label_indices_.end()) return cursor_.error("unknown label " + std::string(cursor_.text()));
  out.unsigned_leb(labels_.size() - 1 - found->second);
  cursor_.next();
  return {};
}

Result<void> Assembler::label_table(ByteWriter& out) {
  VectorWriter labels;
  size_t last = 0;
  do {
    last = labels.items.size();
    CAIRN_TRY(label_index(labels.add()));
  } while (cursor_.at_index());
  // The last label is the default; the count does not include it.
  out.unsigned_leb(labels.count - 1);
  out.append(labels.items.bytes().first(last));
  out.append(labels.items.bytes().subspan(last));
  return {};
}

Result<void> Assembler::cast_label(ByteWriter& out) {
  ByteWriter label;
  CAIRN_TRY(label_index(label));
  const RefType from = CAIRN_TRY(reference_type());
  const RefType to = CAIRN_TRY(reference_type());
  // The flags of the two types ([wasm 5.4.2]).
  out.byte((from.is_nullable ? 1 : 0) | (to.is_nullable ? 2 : 0));
  out.append(label.bytes());
  out.append(from.heap.bytes());
  out.append(to.heap.bytes());
  return {};
}

Result<void> Assembler::indirect_call(ByteWriter& out) {
  const uint32_t table = CAIRN_TRY(optional_index(tables_));
  const uint32_t type = CAIRN_TRY(type_use_index(ParamNames::refuse));
  out.unsigned_leb(type);
  out.unsigned_leb(table);
  return {};
}

Result<void> Assembler::field_index(ByteWriter& out) {
  const uint32_t type = CAIRN_TRY(index(types_));
  out.unsigned_leb(type);
  if (type < type_infos_.size() && type_infos_[type].fields) return put_index(out, *type_infos_[type].fields);
  return put_index(out, IndexSpace("field"));
}

Result<void> Assembler::two_indices(ByteWriter& out, const IndexSpace& space) {
  if (!cursor_.at_index()) {
    out.byte(0);
    out.byte(0);
    return {};
  }
  CAIRN_TRY(put_index(out, space));
  return put_index(out, space);
}

Result<void> Assembler::segment_and_container(ByteWriter& out, const IndexSpace& container, const IndexSpace& segment) {
  const Token::Kind after = cursor_.peek(1).kind;
  uint32_t container_index = 0;
  if (after == Kind::natural || after == Kind::identifier) container_index = CAIRN_TRY(index(container));
  CAIRN_TRY(put_index(out, segment));
  out.unsigned_leb(container_index);
  return {};
}

// --- Memory accesses ([wasm 5.4.5], [wasm 5.4.8]).

Result<void> Assembler::memory_argument(ByteWriter& out, Opcode opcode, bool has_lane) {
  uint32_t memory = 0;
  // In an instruction with a lane, a number that no other immediate follows is the lane, not a memory.
  const Token::Kind after = cursor_.peek(1).kind;
  const bool is_memory = !has_lane || cursor_.at(Kind::identifier) || after == Kind::natural || after == Kind::keyword;
  if (cursor_.at_index() && is_memory) {
    const bool argument_follows = after != Kind::keyword || is_offset(cursor_.text(1)) || is_align(cursor_.text(1));
    if (!has_lane || argument_follows) memory = CAIRN_TRY(index(memories_));
  }
  uint64_t offset = 0;
  if (cursor_.at(Kind::keyword) && is_offset(cursor_.text())) {
    const auto value = parse_unsigned(cursor_.text().substr(7), 64);
    if (!value) return cursor_.error("i64 constant out of range");
    offset = *value;
    cursor_.next();
  }
  uint32_t align_log2 = info(opcode).shape;
  if (cursor_.at(Kind::keyword) && is_align(cursor_.text())) {
    const auto value = parse_unsigned(cursor_.text().substr(6), 64);
    if (!value) return cursor_.error("i64 constant out of range");
    if (!std::has_single_bit(*value)) return cursor_.error("alignment must be a power of two");
    align_log2 = static_cast<uint32_t>(std::countr_zero(*value));
    cursor_.next();
  }
  // Bit 6 says that a memory index follows.
  out.unsigned_leb(align_log2 | (memory != 0 ? 0x40 : 0));
  if (memory != 0) out.unsigned_leb(memory);
  out.unsigned_leb(offset);
  if (has_lane) return lane_index(out);
  return {};
}

Result<void> Assembler::lane_index(ByteWriter& out) {
  out.byte(static_cast<uint32_t>(CAIRN_TRY(cursor_.expect_natural(8, "a lane index"))));
  return {};
}

Result<void> Assembler::shuffle(ByteWriter& out) {
  const uint64_t offset = cursor_.peek().offset;
  uint32_t count = 0;
  for (; cursor_.at(Kind::natural) || cursor_.at(Kind::integer) || cursor_.at(Kind::floating); ++count) {
    if (!cursor_.at(Kind::natural)) return cursor_.error("i8 constant out of range");
    CAIRN_TRY(lane_index(out));
  }
  if (count != 16) return Cursor::error_at(offset, "invalid lane length, expected 16 lane indices");
  return {};
}

// --- Constants.

Result<uint64_t> Assembler::integer_literal(unsigned bits) {
  if (cursor_.at(Kind::floating)) return cursor_.error("constant out of range: an integer is expected");
  if (!cursor_.at(Kind::natural) && !cursor_.at(Kind::integer)) return cursor_.unexpected("an integer");
  const auto value = parse_integer(cursor_.text(), bits);
  if (!value) {
    return cursor_.error("constant out of range: " + std::string(cursor_.text().substr(0, 40)) + " does not fit into " +
                         decimal(uint64_t{bits}) + " bits");
  }
  cursor_.next();
  return *value;
}

Result<uint64_t> Assembler::float_literal(unsigned bits) {
  if (!cursor_.at(Kind::natural) && !cursor_.at(Kind::integer) && !cursor_.at(Kind::floating)) {
    return cursor_.unexpected("a number");
  }
  const std::optional<uint64_t> value =
      bits == 32 ? std::optional<uint64_t>(parse_f32(cursor_.text())) : parse_f64(cursor_.text());
  if (!value) return cursor_.error("constant out of range");
  cursor_.next();
  return *value;
}

Result<void> Assembler::vector_constant(ByteWriter& out) {
  struct Shape {
    std::string_view keyword;
    uint32_t lanes;
    bool is_float;
  };
  static constexpr auto kShapes = std::to_array<Shape>({{"i8x16", 16, false},
                                                        {"i16x8", 8, false},
                                                        {"i32x4", 4, false},
                                                        {"i64x2", 2, false},
                                                        {"f32x4", 4, true},
                                                        {"f64x2", 2, true}});
  const auto* shape = std::ranges::find(kShapes, cursor_.text(), &Shape::keyword);
  if (shape == kShapes.end()) return cursor_.unexpected("the shape of a vector");
  cursor_.next();
  const auto is_number = [](Token::Kind kind) {
    return kind == Kind::natural || kind == Kind::integer || kind == Kind::floating;
  };
  uint32_t count = 0;
  while (is_number(cursor_.peek(count).kind)) ++count;
  if (count != shape->lanes) {
    return cursor_.error("wrong number of lane literals: " + decimal(uint64_t{count}) + ", expected " +
                         decimal(uint64_t{shape->lanes}));
  }
  const unsigned bits = 128 / shape->lanes;
  for (; count > 0; --count) {
    const uint64_t lane = shape->is_float ? CAIRN_TRY(float_literal(bits)) : CAIRN_TRY(integer_literal(bits));
    out.fixed(lane, bits / 8);
  }
  return {};
}

// --- Names that stand for several opcodes.

Result<void> Assembler::select_types(ByteWriter& out, Opcode opcode) {
  if (!cursor_.at_open("result")) {
    put_opcode(out, opcode);
    return {};
  }
  VectorWriter types;
  while (cursor_.take_open("result")) {
    while (!cursor_.at(Kind::rparen)) CAIRN_TRY(value_type(types.add()));
    CAIRN_TRY(cursor_.expect_close());
  }
  put_opcode(out, Opcode::select_typed);
  types.append_to(out);
  return {};
}

Result<void> Assembler::reference_test(ByteWriter& out, Opcode opcode) {
  const RefType type = CAIRN_TRY(reference_type());
  const bool is_test = opcode == Opcode::ref_test;
  put_opcode(out, is_test ? (type.is_nullable ? Opcode::ref_test_null : Opcode::ref_test)
                          : (type.is_nullable ? Opcode::ref_cast_null : Opcode::ref_cast));
  out.append(type.heap.bytes());
  return {};
}

}  // namespace cairn::wasm::text

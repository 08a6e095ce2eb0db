// Encodes the fields of a module ([wasm 6.6]), except types and function bodies.
#include <array>

#include "wasm/text/assembler.hpp"
#include "wasm/text/lexer.hpp"

namespace cairn::wasm::text {
namespace {

// Returns the code of a kind of import or export ([wasm 5.3.14]).
uint32_t code_of(ExternKind kind) { return static_cast<uint32_t>(kind); }

// Bits of the limits' flags byte ([wasm 5.3.9]).
constexpr uint32_t kHasMaximum = 1;
constexpr uint32_t kIs64 = 4;
constexpr uint32_t kHasPageSize = 8;

constexpr uint32_t kEnd = 0x0b;

// Writes the offset of an inline segment in its memory or table, which is always 0.
void put_zero_offset(ByteWriter& out, uint32_t address_flag) {
  out.byte(address_flag == kIs64 ? 0x42 : 0x41);  // i64.const or i32.const
  out.byte(0);
  out.byte(kEnd);
}

}  // namespace

// --- Imports and exports.

Result<void> Assembler::import_field(const Field&) {
  const std::string module = CAIRN_TRY(cursor_.expect_name("the module name of the import"));
  const std::string name = CAIRN_TRY(cursor_.expect_name("the name of the import"));
  ByteWriter& out = import_section_.add();
  out.name(module);
  out.name(name);
  cursor_.next();  // bind_import() has checked "(" and the keyword
  const std::string_view keyword = cursor_.text();
  cursor_.next();
  if (cursor_.at(Kind::identifier)) cursor_.next();
  const FieldKind kind = keyword == "func"     ? FieldKind::func
                         : keyword == "table"  ? FieldKind::table
                         : keyword == "memory" ? FieldKind::memory
                         : keyword == "global" ? FieldKind::global
                                               : FieldKind::tag;
  CAIRN_TRY(import_type(out, kind));
  return cursor_.expect_close();
}

Result<void> Assembler::import_type(ByteWriter& out, FieldKind kind) {
  switch (kind) {
    case FieldKind::table: out.byte(code_of(ExternKind::table)); return table_type(out);
    case FieldKind::memory: out.byte(code_of(ExternKind::memory)); return memory_type(out);
    case FieldKind::global: out.byte(code_of(ExternKind::global)); return global_type(out);
    case FieldKind::tag:
      out.byte(code_of(ExternKind::tag));
      out.byte(0);
      break;
    default: out.byte(code_of(ExternKind::func)); break;
  }
  out.unsigned_leb(CAIRN_TRY(type_use_index(ParamNames::ignore)));
  return {};
}

Result<bool> Assembler::inline_import(FieldKind kind) {
  if (!cursor_.take_open("import")) return false;
  ByteWriter& out = import_section_.add();
  out.name(CAIRN_TRY(cursor_.expect_name("the module name of the import")));
  out.name(CAIRN_TRY(cursor_.expect_name("the name of the import")));
  CAIRN_TRY(cursor_.expect_close());
  CAIRN_TRY(import_type(out, kind));
  return true;
}

Result<void> Assembler::inline_exports(ExternKind kind, uint32_t index) {
  while (cursor_.take_open("export")) {
    ByteWriter& out = export_section_.add();
    out.name(CAIRN_TRY(cursor_.expect_name("the name of the export")));
    out.byte(code_of(kind));
    out.unsigned_leb(index);
    CAIRN_TRY(cursor_.expect_close());
  }
  return {};
}

Result<void> Assembler::export_field() {
  ByteWriter& out = export_section_.add();
  out.name(CAIRN_TRY(cursor_.expect_name("the name of the export")));
  CAIRN_TRY(cursor_.expect(Kind::lparen, "'('"));
  struct Name {
    std::string_view keyword;
    ExternKind kind;
    const IndexSpace* space;
  };
  const auto names = std::to_array<Name>({{"func", ExternKind::func, &funcs_},
                                          {"table", ExternKind::table, &tables_},
                                          {"memory", ExternKind::memory, &memories_},
                                          {"global", ExternKind::global, &globals_},
                                          {"tag", ExternKind::tag, &tags_}});
  for (const Name& name : names) {
    if (!cursor_.take_keyword(name.keyword)) continue;
    out.byte(code_of(name.kind));
    out.unsigned_leb(CAIRN_TRY(index(*name.space)));
    return cursor_.expect_close();
  }
  return cursor_.unexpected("func, table, memory, global or tag");
}

Result<void> Assembler::start_field() {
  if (start_) return cursor_.error("multiple start sections");
  start_ = CAIRN_TRY(index(funcs_));
  return {};
}

// --- Functions, tables, memories, globals, tags.

Result<void> Assembler::func_field(const Field& field) {
  CAIRN_TRY(inline_exports(ExternKind::func, field.index));
  if (CAIRN_TRY(inline_import(FieldKind::func))) return {};
  IndexSpace locals("local");
  const TypeUse use = CAIRN_TRY(type_use(ParamNames::bind, &locals));
  function_section_.add().unsigned_leb(CAIRN_TRY(resolve(use)));
  hints_ = VectorWriter();
  current_labels_.clear();
  CAIRN_TRY(func_body(locals));
  if (hints_.count != 0) {
    ByteWriter& out = hint_section_.add();
    out.unsigned_leb(field.index);
    hints_.append_to(out);
  }
  if (!locals.named().empty()) local_names_.emplace_back(field.index, locals.named());
  if (!current_labels_.empty()) label_names_.emplace_back(field.index, current_labels_);
  return {};
}

Result<void> Assembler::table_field(const Field& field) {
  CAIRN_TRY(inline_exports(ExternKind::table, field.index));
  if (CAIRN_TRY(inline_import(FieldKind::table))) return {};
  const Cursor start = cursor_;
  const uint32_t address = address_flag();
  if (at_reference_type()) {
    const RefType type = CAIRN_TRY(reference_type());
    return inline_elements(field, type, address);
  }
  cursor_ = start;
  ByteWriter type;
  CAIRN_TRY(table_type(type));
  ByteWriter& out = table_section_.add();
  if (cursor_.position() == field.end) {
    out.append(type.bytes());
    return {};
  }
  out.byte(0x40);  // 0x40 0x00 begins a table with an initializer ([wasm 5.5.7])
  out.byte(0);
  out.append(type.bytes());
  return instructions(out);
}

Result<void> Assembler::inline_elements(const Field& field, const RefType& type, uint32_t address) {
  CAIRN_TRY(cursor_.expect_open("elem"));
  VectorWriter items;
  std::optional<RefType> expression_type;
  if (cursor_.at(Kind::lparen)) {
    expression_type = type;
    CAIRN_TRY(elem_expressions(items));
  } else {
    // Each function index stands for a ref.func expression. A segment for a table of funcref can have the short form,
    // which lists the indices themselves.
    const bool is_short = type.is_funcref();
    if (!is_short) expression_type = type;
    while (cursor_.at_index()) {
      const uint32_t func = CAIRN_TRY(index(funcs_));
      ByteWriter& out = items.add();
      if (!is_short) out.byte(0xd2);  // ref.func
      out.unsigned_leb(func);
      if (!is_short) out.byte(kEnd);
    }
  }
  CAIRN_TRY(cursor_.expect_close());
  ByteWriter& table = table_section_.add();
  type.append_to(table);
  table.byte(kHasMaximum | address);
  table.unsigned_leb(items.count);
  table.unsigned_leb(items.count);
  ByteWriter offset;
  put_zero_offset(offset, address);
  put_elem(SegmentMode::active, field.index, offset, expression_type, items);
  return {};
}

Result<void> Assembler::memory_field(const Field& field) {
  CAIRN_TRY(inline_exports(ExternKind::memory, field.index));
  if (CAIRN_TRY(inline_import(FieldKind::memory))) return {};
  ByteWriter& out = memory_section_.add();
  const Cursor start = cursor_;
  const uint32_t address = address_flag();
  if (!cursor_.at(Kind::lparen)) {
    cursor_ = start;
    return memory_type(out);
  }
  const std::optional<uint32_t> page_log2 = CAIRN_TRY(page_size());
  CAIRN_TRY(cursor_.expect_open("data"));
  ByteWriter bytes;
  CAIRN_TRY(strings(bytes));
  CAIRN_TRY(cursor_.expect_close());
  const uint32_t log2 = page_log2.value_or(16);
  const uint64_t size = bytes.size();
  const uint64_t pages = (size >> log2) + ((size & ((uint64_t{1} << log2) - 1)) != 0 ? 1 : 0);
  out.byte(kHasMaximum | address | (page_log2 ? kHasPageSize : 0));
  out.unsigned_leb(pages);
  out.unsigned_leb(pages);
  if (page_log2) out.unsigned_leb(*page_log2);
  ByteWriter& data = data_section_.add();
  // The kind of the segment ([wasm 5.5.14]): 0 is active in memory 0, 2 is active in a memory that is named.
  data.unsigned_leb(field.index == 0 ? 0 : 2);
  if (field.index != 0) data.unsigned_leb(field.index);
  put_zero_offset(data, address);
  data.sized(bytes.bytes());
  return {};
}

Result<void> Assembler::global_field(const Field& field) {
  CAIRN_TRY(inline_exports(ExternKind::global, field.index));
  if (CAIRN_TRY(inline_import(FieldKind::global))) return {};
  ByteWriter& out = global_section_.add();
  CAIRN_TRY(global_type(out));
  return instructions(out);
}

Result<void> Assembler::tag_field(const Field& field) {
  CAIRN_TRY(inline_exports(ExternKind::tag, field.index));
  if (CAIRN_TRY(inline_import(FieldKind::tag))) return {};
  const uint32_t type = CAIRN_TRY(type_use_index(ParamNames::ignore));
  ByteWriter& out = tag_section_.add();
  out.byte(0);
  out.unsigned_leb(type);
  return {};
}

// --- Segments.

// Encodes (offset ...) or one folded instruction.
Result<void> Assembler::offset_expression(ByteWriter& out) {
  if (cursor_.take_open("offset")) {
    CAIRN_TRY(instructions(out));
    return cursor_.expect_close();
  }
  CAIRN_TRY(folded_expression(out));
  out.byte(kEnd);
  return {};
}

Result<void> Assembler::strings(ByteWriter& out) {
  while (cursor_.at(Kind::string)) out.append(string_value(cursor_.stream().text(cursor_.next())));
  return {};
}

Result<void> Assembler::data_field() {
  uint32_t memory = 0;
  ByteWriter offset;
  bool names_memory = cursor_.take_open("memory");
  if (names_memory) {
    memory = CAIRN_TRY(index(memories_));
    CAIRN_TRY(cursor_.expect_close());
  } else if (cursor_.at_index()) {
    // In WebAssembly 1.0 the index of the memory stood without parentheses.
    memory = CAIRN_TRY(index(memories_));
    names_memory = true;
  }
  const bool is_active = names_memory || cursor_.at(Kind::lparen);
  if (is_active) CAIRN_TRY(offset_expression(offset));
  ByteWriter bytes;
  CAIRN_TRY(strings(bytes));
  ByteWriter& out = data_section_.add();
  // The kind of the segment ([wasm 5.5.14]): 0 is active in memory 0, 1 is passive, 2 is active in a memory that is
  // named.
  out.unsigned_leb(!is_active ? 1 : memory == 0 ? 0 : 2);
  if (memory != 0) out.unsigned_leb(memory);
  out.append(offset.bytes());
  out.sized(bytes.bytes());
  return {};
}

Result<void> Assembler::elem_field() {
  SegmentMode mode = SegmentMode::passive;
  uint32_t table = 0;
  ByteWriter offset;
  bool allows_bare_indices = false;
  if (cursor_.take_keyword("declare")) {
    mode = SegmentMode::declarative;
  } else if (cursor_.take_open("table")) {
    mode = SegmentMode::active;
    table = CAIRN_TRY(index(tables_));
    CAIRN_TRY(cursor_.expect_close());
    CAIRN_TRY(offset_expression(offset));
  } else if (cursor_.at_index() && cursor_.peek(1).kind == Kind::lparen) {
    // In WebAssembly 1.0 the index of the table stood without parentheses.
    mode = SegmentMode::active;
    table = CAIRN_TRY(index(tables_));
    CAIRN_TRY(offset_expression(offset));
    allows_bare_indices = true;
  } else if (cursor_.at(Kind::lparen) && !at_reference_type()) {
    mode = SegmentMode::active;
    CAIRN_TRY(offset_expression(offset));
    allows_bare_indices = true;
  }
  VectorWriter items;
  std::optional<RefType> type;  // type of the expressions; empty if the elements are function indices
  if (at_reference_type()) {
    type = CAIRN_TRY(reference_type());
    CAIRN_TRY(elem_expressions(items));
  } else {
    if (!cursor_.take_keyword("func") && !allows_bare_indices) {
      return cursor_.unexpected("func or a reference type");
    }
    while (cursor_.at_index()) {
      const uint32_t func = CAIRN_TRY(index(funcs_));
      items.add().unsigned_leb(func);
    }
  }
  put_elem(mode, table, offset, type, items);
  return {};
}

Result<void> Assembler::elem_expressions(VectorWriter& out) {
  while (cursor_.at(Kind::lparen)) {
    ByteWriter& item = out.add();
    if (cursor_.take_open("item")) {
      CAIRN_TRY(instructions(item));
      CAIRN_TRY(cursor_.expect_close());
    } else {
      CAIRN_TRY(folded_expression(item));
      item.byte(kEnd);
    }
  }
  return {};
}

// Writes an element segment ([wasm 5.5.12]).
void Assembler::put_elem(SegmentMode mode, uint32_t table, const ByteWriter& offset, const std::optional<RefType>& type,
                         const VectorWriter& items) {
  const bool is_active = mode == SegmentMode::active;
  // The short forms are for table 0 and imply the element type.
  const bool is_short = is_active && table == 0 && (!type || type->is_funcref());
  ByteWriter& out = elem_section_.add();
  out.unsigned_leb((is_short ? 0u : is_active ? 2u : mode == SegmentMode::passive ? 1u : 3u) | (type ? 4u : 0u));
  if (is_active && !is_short) out.unsigned_leb(table);
  out.append(offset.bytes());
  if (!is_short) {
    if (type) {
      type->append_to(out);
    } else {
      out.byte(0);  // elemkind: functions
    }
  }
  items.append_to(out);
}

}  // namespace cairn::wasm::text

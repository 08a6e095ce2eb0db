#include "wasm/text/assembler.hpp"

#include <algorithm>
#include <array>

namespace cairn::wasm::text {

Result<std::vector<std::byte>> Assembler::assemble() {
  Result<std::vector<std::byte>> bytes = assemble_in_order();
  if (bytes.has_value()) return bytes;
  // The specification parses the whole module before it interprets names and numbers. A token that is not in the
  // grammar is therefore reported before errors in names and numbers, even if it comes after them.
  const std::string& message = bytes.error().message;
  if (!message.starts_with("unexpected token") && !message.starts_with("unknown operator")) {
    for (Cursor cursor(cursor_.stream(), begin_); cursor.position() < end_; cursor.next()) {
      if (cursor.is_unknown()) return cursor.unexpected("a token of the grammar");
    }
  }
  return bytes;
}

Result<std::vector<std::byte>> Assembler::assemble_in_order() {
  CAIRN_TRY(bind_fields());
  CAIRN_TRY(define_types());
  for (const Field& field : fields_) CAIRN_TRY(encode_field(field));
  CAIRN_TRY(check_annotations_used());
  return link_sections();
}

Result<void> Assembler::bind_fields() {
  struct Name {
    std::string_view keyword;
    FieldKind kind;
  };
  static constexpr auto kFields = std::to_array<Name>({{"func", FieldKind::func},
                                                       {"type", FieldKind::type},
                                                       {"import", FieldKind::import},
                                                       {"export", FieldKind::export_},
                                                       {"data", FieldKind::data},
                                                       {"elem", FieldKind::elem},
                                                       {"global", FieldKind::global},
                                                       {"memory", FieldKind::memory},
                                                       {"table", FieldKind::table},
                                                       {"tag", FieldKind::tag},
                                                       {"rec", FieldKind::rec},
                                                       {"start", FieldKind::start}});
  CAIRN_TRY(take_custom_annotations());
  if (std::optional<std::string> name = CAIRN_TRY(take_name())) {
    module_name_ = *std::move(name);
    if (CAIRN_TRY(take_name())) return cursor_.error("@name annotation: multiple module names");
  }
  while (cursor_.position() < end_) {
    if (!cursor_.at(Kind::lparen)) return cursor_.unexpected("a module field");
    const uint32_t after = CAIRN_TRY(cursor_.after_group());
    cursor_.next();
    const auto* found = std::ranges::find(kFields, cursor_.text(), &Name::keyword);
    if (found == kFields.end()) {
      return cursor_.unexpected(cursor_.text() == "component"
                                    ? "a module field: this is a component, and only core modules can be run"
                                    : "a module field");
    }
    cursor_.next();
    Field field{found->kind, cursor_.position(), after - 1, 0};
    CAIRN_TRY(bind_field(field, found->keyword));
    fields_.push_back(field);
    cursor_.seek(after);
    CAIRN_TRY(take_custom_annotations());
  }
  return {};
}

Result<void> Assembler::bind_field(Field& field, std::string_view keyword) {
  switch (field.kind) {
    case FieldKind::type: return bind_type(field.index);
    case FieldKind::rec:
      while (cursor_.position() < field.end) {
        const uint32_t after = CAIRN_TRY(cursor_.after_group());
        CAIRN_TRY(cursor_.expect_open("type"));
        uint32_t ignored = 0;
        CAIRN_TRY(bind_type(ignored));
        cursor_.seek(after);
      }
      return {};
    case FieldKind::import: return bind_import(field);
    case FieldKind::export_:
    case FieldKind::start: return {};
    case FieldKind::elem: field.index = elems_.add(); return bind_optional(elems_, field.index);
    case FieldKind::data: field.index = datas_.add(); return bind_optional(datas_, field.index);
    case FieldKind::func: CAIRN_TRY(bind_definition(field, funcs_)); break;
    case FieldKind::table: CAIRN_TRY(bind_definition(field, tables_)); break;
    case FieldKind::memory: CAIRN_TRY(bind_definition(field, memories_)); break;
    case FieldKind::global: CAIRN_TRY(bind_definition(field, globals_)); break;
    case FieldKind::tag: CAIRN_TRY(bind_definition(field, tags_)); break;
  }
  if (has_inline_import()) return check_import_order(keyword, cursor_.peek().offset);
  last_definition_ = keyword == "func" ? "function" : keyword;
  // An inline segment has an index too. By the specification's abbreviation, the segment comes after its table or
  // memory.
  if (field.kind == FieldKind::table && has_child("elem", field.end)) elems_.add();
  if (field.kind == FieldKind::memory && has_child("data", field.end)) datas_.add();
  return {};
}

Result<void> Assembler::bind_type(uint32_t& type) {
  type = types_.add();
  type_infos_.emplace_back();
  return bind_optional(types_, type);
}

Result<void> Assembler::bind_definition(Field& field, IndexSpace& space) {
  field.index = space.add();
  return bind_optional(space, field.index);
}

Result<void> Assembler::bind_import(Field& field) {
  const uint64_t offset = cursor_.peek().offset;
  CAIRN_TRY(cursor_.expect(Kind::string, "the module name of the import"));
  if (cursor_.take_open("item")) {
    return Cursor::error_at(offset, "unexpected token: the proposal compact-import-section is not supported");
  }
  CAIRN_TRY(cursor_.expect(Kind::string, "the name of the import"));
  CAIRN_TRY(cursor_.expect(Kind::lparen, "'('"));
  struct Name {
    std::string_view keyword;
    IndexSpace Assembler::* space;
  };
  static constexpr auto kKinds = std::to_array<Name>({{"func", &Assembler::funcs_},
                                                      {"table", &Assembler::tables_},
                                                      {"memory", &Assembler::memories_},
                                                      {"global", &Assembler::globals_},
                                                      {"tag", &Assembler::tags_}});
  const auto* found = std::ranges::find(kKinds, cursor_.text(), &Name::keyword);
  if (found == kKinds.end()) return cursor_.unexpected("func, table, memory, global or tag");
  cursor_.next();
  CAIRN_TRY(bind_definition(field, this->*found->space));
  return check_import_order(found->keyword, offset);
}

Result<void> Assembler::check_import_order(std::string_view, uint64_t offset) {
  if (last_definition_.empty()) return {};
  return Cursor::error_at(offset, "import after " + std::string(last_definition_) + " definition");
}

// Whether (import ...) follows the inline exports.
bool Assembler::has_inline_import() const {
  Cursor cursor = cursor_;
  while (cursor.at_open("export") && cursor.peek().link != Token::kNone) cursor.seek(cursor.peek().link + 1);
  return cursor.at_open("import");
}

// Whether the field has a part (keyword ...) at its top level.
bool Assembler::has_child(std::string_view keyword, uint32_t end) const {
  for (Cursor cursor = cursor_; cursor.position() < end; cursor.next()) {
    if (cursor.at_open(keyword)) return true;
    if (cursor.at(Kind::lparen)) cursor.seek(cursor.peek().link);
  }
  return false;
}

Result<void> Assembler::encode_field(const Field& field) {
  cursor_.seek(field.position);
  const bool has_identifier = field.kind != FieldKind::import && field.kind != FieldKind::start;
  if (has_identifier && cursor_.at(Kind::identifier)) cursor_.next();
  switch (field.kind) {
    case FieldKind::type:
    case FieldKind::rec: return {};  // define_types() has encoded them
    case FieldKind::import: CAIRN_TRY(import_field(field)); break;
    case FieldKind::func: CAIRN_TRY(func_field(field)); break;
    case FieldKind::table: CAIRN_TRY(table_field(field)); break;
    case FieldKind::memory: CAIRN_TRY(memory_field(field)); break;
    case FieldKind::global: CAIRN_TRY(global_field(field)); break;
    case FieldKind::tag: CAIRN_TRY(tag_field(field)); break;
    case FieldKind::export_: CAIRN_TRY(export_field()); break;
    case FieldKind::start: CAIRN_TRY(start_field()); break;
    case FieldKind::elem: CAIRN_TRY(elem_field()); break;
    case FieldKind::data: CAIRN_TRY(data_field()); break;
  }
  return close_field(field);
}

Result<void> Assembler::close_field(const Field& field) {
  if (cursor_.position() != field.end) return cursor_.unexpected("')'");
  return {};
}

std::vector<std::byte> Assembler::link_sections() {
  ByteWriter out;
  out.append(std::string_view("\0asm\1\0\0\0", 8));
  std::ranges::stable_sort(customs_, {}, &Custom::place);
  auto custom = customs_.begin();
  const auto put_custom = [&](std::string_view name, std::span<const std::byte> bytes) {
    ByteWriter contents;
    contents.name(name);
    contents.append(bytes);
    out.section(0, contents.bytes());
  };
  const auto put_customs = [&](uint32_t place) {
    for (; custom != customs_.end() && custom->place == place; ++custom) put_custom(custom->name, custom->bytes);
  };
  uint32_t place = 0;
  const auto put_section = [&](uint32_t id, std::span<const std::byte> contents, bool is_present) {
    put_customs(place++);
    if (is_present) out.section(id, contents);
    put_customs(place++);
  };
  const auto put_vector = [&](uint32_t id, const VectorWriter& vector) {
    ByteWriter contents;
    vector.append_to(contents);
    put_section(id, contents.bytes(), vector.count != 0);
  };
  put_vector(1, type_section_);
  put_vector(2, import_section_);
  put_vector(3, function_section_);
  put_vector(4, table_section_);
  put_vector(5, memory_section_);
  put_vector(13, tag_section_);
  put_vector(6, global_section_);
  put_vector(7, export_section_);
  ByteWriter number;
  number.unsigned_leb(start_.value_or(0));
  put_section(8, number.bytes(), start_.has_value());
  put_vector(9, elem_section_);
  number.clear();
  number.unsigned_leb(data_section_.count);
  put_section(12, number.bytes(), uses_data_count_);
  if (hint_section_.count != 0) {
    ByteWriter contents;
    hint_section_.append_to(contents);
    put_custom("metadata.code.branch_hint", contents.bytes());
  }
  put_vector(10, code_section_);
  put_vector(11, data_section_);
  encode_name_section(out);
  return out.take();
}

}  // namespace cairn::wasm::text

// Binds identifiers, looks them up, and makes the name section from them ([wasm 7.6.1]).
#include <algorithm>

#include "wasm/text/assembler.hpp"

namespace cairn::wasm::text {

Result<void> Assembler::bind(IndexSpace& space, uint32_t index, const Token& token) {
  const std::string_view name = cursor_.stream().identifier(token);
  if (!space.bind(name, index)) {
    return Cursor::error_at(token.offset, "duplicate " + std::string(space.category()) + " " + spell_identifier(name));
  }
  return {};
}

Result<void> Assembler::bind_optional(IndexSpace& space, uint32_t index) {
  if (cursor_.at(Kind::identifier)) CAIRN_TRY(bind(space, index, cursor_.next()));
  return take_name_annotation(space, index);
}

Result<void> Assembler::take_name_annotation(IndexSpace& space, uint32_t index) {
  std::optional<std::string> name = CAIRN_TRY(take_name());
  if (name) space.set_display_name(index, *std::move(name));
  return {};
}

Result<uint32_t> Assembler::index(const IndexSpace& space) {
  if (cursor_.at(Kind::identifier)) {
    const std::string_view name = cursor_.stream().identifier(cursor_.peek());
    const std::optional<uint32_t> found = space.find(name);
    if (!found) return cursor_.error("unknown " + std::string(space.category()) + " " + spell_identifier(name));
    cursor_.next();
    return *found;
  }
  return static_cast<uint32_t>(
      CAIRN_TRY(cursor_.expect_natural(32, "the index of a " + std::string(space.category()))));
}

Result<uint32_t> Assembler::optional_index(const IndexSpace& space) {
  if (!cursor_.at_index()) return 0;
  return index(space);
}

void Assembler::encode_name_section(ByteWriter& out) const {
  ByteWriter contents;
  const auto name_map = [](NameMap names) {
    std::ranges::stable_sort(names, {}, &NameMap::value_type::first);
    ByteWriter map;
    map.unsigned_leb(names.size());
    for (const auto& [index, name] : names) {
      map.unsigned_leb(index);
      map.name(name);
    }
    return map;
  };
  const auto put_names = [&](uint32_t id, const NameMap& names) {
    if (!names.empty()) contents.section(id, name_map(names).bytes());
  };
  const auto put_indirect = [&](uint32_t id, const std::vector<std::pair<uint32_t, NameMap>>& maps) {
    if (maps.empty()) return;
    ByteWriter map;
    map.unsigned_leb(maps.size());
    for (const auto& [index, names] : maps) {
      map.unsigned_leb(index);
      map.append(name_map(names).bytes());
    }
    contents.section(id, map.bytes());
  };
  if (!module_name_.empty() || has_module_annotation_) {
    ByteWriter name;
    name.name(module_name_);
    contents.section(0, name.bytes());
  }
  std::vector<std::pair<uint32_t, NameMap>> fields;
  for (uint32_t i = 0; i < type_infos_.size(); ++i) {
    const auto& space = type_infos_[i].fields;
    if (space && !space->named().empty()) fields.emplace_back(i, space->named());
  }
  put_names(1, funcs_.named());
  put_indirect(2, local_names_);
  // Of the name maps with ids from 3 on, the standard has only those of types, fields and tags. The proposal of
  // extended names has all of them.
  put_indirect(3, label_names_);
  put_names(4, types_.named());
  put_names(5, tables_.named());
  put_names(6, memories_.named());
  put_names(7, globals_.named());
  put_names(8, elems_.named());
  put_names(9, datas_.named());
  put_indirect(10, fields);
  put_names(11, tags_.named());
  if (contents.empty()) return;
  ByteWriter section;
  section.name("name");
  section.append(contents.bytes());
  out.section(0, section.bytes());
}

}  // namespace cairn::wasm::text

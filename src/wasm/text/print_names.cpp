#include "wasm/text/print_names.hpp"

#include "base/format.hpp"
#include "wasm/text/cursor.hpp"
#include "wasm/text/lexer.hpp"
#include "wasm/text/utf8.hpp"

namespace cairn::wasm::text {

void NameMap::add(uint32_t index, std::string_view name) {
  const bool is_identifier = !name.empty() && taken_.insert(name, index);
  if (positions_.insert(index, static_cast<uint32_t>(names_.size()))) names_.push_back({name, is_identifier});
}

const NameMap::Name* NameMap::find(uint32_t index) const {
  const uint32_t* position = positions_.find(index);
  return position == nullptr ? nullptr : &names_[*position];
}

std::string NameMap::definition(uint32_t index) const {
  const Name* name = find(index);
  if (name == nullptr) return {};
  if (name->is_identifier) return " " + spell_identifier(name->text);
  return " (@name " + spell_string(name->text) + ")";
}

std::string NameMap::use(uint32_t index) const {
  const Name* name = find(index);
  return name != nullptr && name->is_identifier ? spell_identifier(name->text) : decimal(index);
}

ModuleNames::ModuleNames(const Module& module) {
  for (const CustomSection& section : module.custom_sections) {
    if (section.name != "name") continue;
    ByteReader in(section.bytes, section.offset);
    while (!in.at_end() && read(in)) {
    }
    return;
  }
}

namespace {

bool read_name(ByteReader& in, std::string_view& name) {
  uint32_t length = 0;
  std::span<const std::byte> bytes;
  if (!in.read_u32(length) || !in.read_bytes(length, bytes)) return false;
  name = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // NOLINT: bytes as text
  return is_utf8(name);
}

}  // namespace

bool ModuleNames::read_map(ByteReader& in, NameMap& map) {
  uint32_t count = 0;
  if (!in.read_u32(count)) return false;
  for (; count > 0; --count) {
    uint32_t index = 0;
    std::string_view name;
    if (!in.read_u32(index) || !read_name(in, name)) return false;
    map.add(index, name);
  }
  return true;
}

bool ModuleNames::read_indirect(ByteReader& in, std::unordered_map<uint32_t, NameMap>& maps) {
  uint32_t count = 0;
  if (!in.read_u32(count)) return false;
  for (; count > 0; --count) {
    uint32_t index = 0;
    if (!in.read_u32(index) || !read_map(in, maps[index])) return false;
  }
  return true;
}

bool ModuleNames::read(ByteReader& in) {
  uint8_t id = 0;
  uint32_t size = 0;
  std::span<const std::byte> bytes;
  if (!in.read_u8(id) || !in.read_u32(size) || !in.read_bytes(size, bytes)) return false;
  ByteReader contents(bytes);
  // The numbers of the subsections are in [wasm 7.6.1], except 3 and 5 to 9, which the proposal of extended names adds.
  switch (id) {
    case 0: {
      std::string_view name;
      if (!read_name(contents, name)) return false;
      module = name;
      return true;
    }
    case 1: return read_map(contents, functions);
    case 2: return read_indirect(contents, locals);
    case 3: return read_indirect(contents, labels);
    case 4: return read_map(contents, types);
    case 5: return read_map(contents, tables);
    case 6: return read_map(contents, memories);
    case 7: return read_map(contents, globals);
    case 8: return read_map(contents, elems);
    case 9: return read_map(contents, datas);
    case 10: return read_indirect(contents, fields);
    case 11: return read_map(contents, tags);
    default: return true;
  }
}

}  // namespace cairn::wasm::text

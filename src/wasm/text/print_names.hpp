// The name section ([wasm 7.4.1], and the extended name section's maps) as identifiers for the text format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wasm/byte_reader.hpp"
#include "wasm/module.hpp"
#include "wasm/text/flat_table.hpp"

namespace cairn::wasm::text {

// The names of one index space. A name that is empty or taken by a lower index cannot be an identifier.
class NameMap {
 public:
  struct Name {
    std::string_view text;
    bool is_identifier = false;
  };
  void add(uint32_t index, std::string_view name);
  // " $name" for a definition, or " (@name ...)", or nothing.
  [[nodiscard]] std::string definition(uint32_t index) const;
  // "$name", or the number.
  [[nodiscard]] std::string use(uint32_t index) const;
  // Valid until the next name is added.
  [[nodiscard]] const Name* find(uint32_t index) const;

 private:
  std::vector<Name> names_;
  FlatTable<uint32_t> positions_;  // in names_, by index
  FlatTable<std::string_view> taken_;
};

// Points into the module's bytes.
struct ModuleNames {
  explicit ModuleNames(const Module& module);

  std::optional<std::string_view> module;
  NameMap functions, types, tables, memories, globals, elems, datas, tags;
  std::unordered_map<uint32_t, NameMap> locals;  // by function
  std::unordered_map<uint32_t, NameMap> labels;  // by function; by number of the block
  std::unordered_map<uint32_t, NameMap> fields;  // by type

 private:
  // False at the first mistake; what was read before it stays.
  bool read(ByteReader& in);
  bool read_map(ByteReader& in, NameMap& map);
  bool read_indirect(ByteReader& in, std::unordered_map<uint32_t, NameMap>& maps);
};

}  // namespace cairn::wasm::text

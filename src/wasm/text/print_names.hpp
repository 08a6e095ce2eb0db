// The names of the name section ([wasm 7.6.1]), extended names included, as identifiers for the text format.
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

// The names of one index space. A name is printed as an identifier unless it is empty or an earlier entry has it.
class NameMap {
 public:
  struct Name {
    std::string_view text;
    bool is_identifier = false;
  };
  // Adds a name of an index. If the index has a name already, the first one stays.
  void add(uint32_t index, std::string_view name);
  // Returns what a definition has after its keyword: " $name", " (@name ...)" if the name cannot be an identifier, or
  // nothing.
  [[nodiscard]] std::string definition(uint32_t index) const;
  // Returns "$name" or the number of the index.
  [[nodiscard]] std::string use(uint32_t index) const;
  // Returns null if the index has no name. The pointer is valid until the next name is added.
  [[nodiscard]] const Name* find(uint32_t index) const;

 private:
  std::vector<Name> names_;
  FlatTable<uint32_t> positions_;  // from an index to its position in names_
  FlatTable<std::string_view> taken_;
};

// All names that the name section gives. They point into the module's bytes.
struct ModuleNames {
  explicit ModuleNames(const Module& module);

  std::optional<std::string_view> module;
  NameMap functions, types, tables, memories, globals, elems, datas, tags;
  std::unordered_map<uint32_t, NameMap> locals;  // for each function index, the names of its locals
  std::unordered_map<uint32_t, NameMap> labels;  // for each function index, the labels of its blocks by block number
  std::unordered_map<uint32_t, NameMap> fields;  // for each type index, the names of its fields

 private:
  // Returns false at the first error. Names that were read before it stay.
  bool read(ByteReader& in);
  bool read_map(ByteReader& in, NameMap& map);
  bool read_indirect(ByteReader& in, std::unordered_map<uint32_t, NameMap>& maps);
};

}  // namespace cairn::wasm::text

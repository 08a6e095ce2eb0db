// Decodes a module, section by section. Each sections_*.cpp decodes one family of sections.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "wasm/byte_reader.hpp"
#include "wasm/decode/const_expr.hpp"
#include "wasm/module.hpp"
#include "wasm/type_equivalence.hpp"
#include "wasm/type_reader.hpp"
#include "wasm/types/limits.hpp"

namespace cairn::wasm {

class ModuleDecoder {
 public:
  // The decoded module refers to `bytes`. They must keep their address when the caller moves them into the module later
  // (Module::bytes).
  ModuleDecoder(std::span<const std::byte> bytes, Features features);

  // Decodes the whole module. To be called once.
  Result<void> decode();
  // Takes the error that decode() returned, and returns the error to report. decode() does not look into bodies, so if
  // `error` is of kind malformed and a body at a lower offset is malformed too, the body's error is returned.
  Error first_malformed(Error error);
  // Returns the module after decode() has succeeded.
  Module take() { return std::move(module_); }

 private:
  // Decodes the section that begins at `offset`; its id has been read. `last_rank` is the rank (SectionRow) of the last
  // section before it that is not a custom section, and is updated.
  Result<void> whole_section(uint8_t id, uint64_t offset, uint8_t& last_rank);
  // Decodes the contents of a section with the function for its id. `end` is the offset after the section.
  Result<void> section(uint8_t id, uint64_t end);
  // --- Each of these functions reads a section from in_ and adds its contents to module_.
  Result<void> type_section();
  Result<void> import_section();
  Result<void> function_section();
  Result<void> table_section();
  Result<void> memory_section();
  Result<void> global_section();
  Result<void> export_section();
  Result<void> start_section();
  Result<void> element_section();
  Result<void> code_section();
  Result<void> data_section();
  Result<void> data_count_section();
  Result<void> tag_section();
  Result<void> custom_section(uint64_t end);

  // Checks that the sections agree with each other, and reads the contents of custom sections.
  Result<void> finish();
  // Adds to an error's message the entry that was being decoded, or the section if the error is not in an entry.
  [[nodiscard]] Error placed(uint8_t id, Error error) const;

  // --- The functions that return a value read it from in_ and check it. The parameter `offset` is the place in the
  // module that an error names.

  // sections_types.cpp
  Result<void> recursive_group(uint32_t count);
  Result<SubType> sub_type(uint32_t group_end);
  Result<void> composite_type(uint8_t form, SubType& type, const TypeContext& context, uint64_t offset);
  Result<std::vector<ValType>> result_type(const TypeContext& context, std::string_view what, uint32_t limit);
  Result<FieldType> field_type(const TypeContext& context);
  Result<void> set_depth(uint32_t index, uint64_t offset);
  Result<void> check_supertype(uint32_t index, uint64_t offset);

  // sections_entities.cpp
  Result<TypeIndex> function_type();
  Result<TableType> table_type();
  Result<MemoryType> memory_type();
  Result<GlobalType> global_type();
  Result<TagType> tag_type();
  Result<void> add_function(TypeIndex type, bool is_imported, uint64_t offset);
  Result<void> add_table(Table table, uint64_t offset);
  Result<void> add_memory(MemoryType type, bool is_imported, uint64_t offset);
  Result<void> add_global(Global global, uint64_t offset);
  Result<void> add_tag(TagType type, bool is_imported, uint64_t offset);
  Result<void> check_exported(const Export& item, uint64_t offset);
  Result<void> check_export_names(const std::vector<uint64_t>& offsets);

  // sections_segments.cpp
  Result<ElemSegment> element_segment();
  Result<std::vector<FuncIndex>> function_indices();
  Result<DataSegment> data_segment();

  // sections_custom.cpp: malformed contents of custom sections are ignored.
  void name_section(const CustomSection& section);
  void branch_hint_section(const CustomSection& section);

  // --- Helpers.
  Result<ConstExpr> const_expr(ValType type);
  Result<std::string_view> name();
  Result<FuncIndex> function_index();
  // Reads a number of items. Fails if this number plus `present`, the items that exist already, exceeds `limit`.
  // `what` begins the error's message, as in limits::exceeded().
  Result<uint32_t> count(std::string_view what, uint64_t present, uint64_t limit);
  Result<void> check_limit(std::string_view what, uint64_t value, uint64_t limit, uint64_t offset);
  Result<void> require(Feature feature, std::string_view what, uint64_t offset);
  [[nodiscard]] TypeContext types() const { return {features_, static_cast<uint32_t>(module_.types.size())}; }
  std::unexpected<Error> malformed(uint64_t offset, std::string message);
  std::unexpected<Error> invalid(uint64_t offset, std::string message);

  Module module_;
  Features features_;
  std::span<const std::byte> bytes_;
  ByteReader in_;
  ConstExprReader const_exprs_;
  TypeCanonicalizer canonicalizer_;
  std::vector<uint32_t> canonical_;  // for each type index, the number that canonicalizer_ gave to the type
  // The entry being decoded: its index in the index space, or in its section if it is an import or an export.
  std::optional<uint32_t> entry_;
  uint64_t code_offset_ = 0;  // offset of the code section's contents; 0 before the code section is decoded
  uint32_t bodies_ = 0;       // the number of bodies in the code section
};

}  // namespace cairn::wasm

// Prints a module as text; see disassemble() in text.hpp.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "wasm/byte_reader.hpp"
#include "wasm/module.hpp"
#include "wasm/text/print_names.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::wasm::text {

class Printer {
 public:
  explicit Printer(const Module& module) : module_(module), names_(module) {}

  Result<std::string> print();

 private:
  // --- printer.cpp: fields. line() begins a line, code adds to it, and the next line() ends it.
  void line(std::string_view text);
  void types();
  void type(uint32_t index);
  void imports();
  void exports();
  void elem(uint32_t index);
  void data(uint32_t index);
  void custom_sections();

  // --- print_types.cpp
  [[nodiscard]] std::string heap_type(HeapType type) const;
  [[nodiscard]] std::string value_type(ValType type) const;
  [[nodiscard]] std::string field_type(const FieldType& type) const;
  // " (param i32 i64)", with the names of locals if there are any.
  [[nodiscard]] std::string func_type(const FuncType& type, const NameMap* locals) const;
  [[nodiscard]] std::string type_use(TypeIndex type, const NameMap* locals) const;
  [[nodiscard]] std::string limits(const Limits& limits, AddressType address) const;
  [[nodiscard]] std::string table_type(const TableType& type) const;
  [[nodiscard]] std::string memory_type(const MemoryType& type) const;
  [[nodiscard]] std::string global_type(const GlobalType& type) const;
  [[nodiscard]] std::string expression(const ConstExpr& expr) const;

  // --- print_code.cpp: function bodies, from their bytes.
  Result<void> function(FuncIndex index);
  Result<void> local_declarations(ByteReader& in, uint32_t first, const NameMap* locals);
  Result<void> instructions(ByteReader& in, FuncIndex index, const NameMap* locals);
  Result<std::string> immediates(ByteReader& in, Opcode opcode, const NameMap* locals);
  Result<std::string> label_table(ByteReader& in);
  Result<std::string> cast_label(ByteReader& in);
  Result<std::string> select_types(ByteReader& in);
  Result<std::string> type_field(ByteReader& in);
  Result<std::string> shuffle_lanes(ByteReader& in);
  Result<std::string> vector_constant(ByteReader& in);
  Result<std::string> heap_type_of(ByteReader& in, Opcode opcode);
  Result<std::string> block_type(ByteReader& in);
  Result<std::string> catch_clauses(ByteReader& in);
  Result<std::string> memory_argument(ByteReader& in, Opcode opcode);
  Result<std::string> index(ByteReader& in, const NameMap& names);
  Result<std::string> pair(ByteReader& in, const NameMap& first, const NameMap& second);
  Result<std::string> reference_type(ByteReader& in, Nullability nullability);

  const Module& module_;
  ModuleNames names_;
  const NameMap no_names_;
  std::string out_;
  size_t depth_ = 1;
};

}  // namespace cairn::wasm::text

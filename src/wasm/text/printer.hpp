// Prints a module as text; see disassemble() in text.hpp.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "wasm/byte_reader.hpp"
#include "wasm/module.hpp"
#include "wasm/text/print_names.hpp"
#include "wasm/text/text.hpp"
#include "wasm/type_reader.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::wasm::text {

class Printer {
 public:
  explicit Printer(const Module& module) : module_(module), names_(module) {}

  // Returns the whole module as text. To be called once.
  Result<std::string> print();
  // Returns the instructions of a function that the module defines.
  Result<std::vector<InstructionText>> instruction_texts(FuncIndex index);

 private:
  // --- printer.cpp: fields. line() begins a line, code adds to it, and the next line() ends it.
  void line(std::string_view text);
  [[nodiscard]] size_t indentation() const;  // the number of spaces before a line
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
  // Returns " (param i32 i64) (result f32)", with the names of the parameters if `locals` is not null.
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
  // Calls emit(offset, text) for each instruction except the body's last `end`. depth_ is then the depth of that
  // instruction.
  template <class Emit>
  Result<void> instructions(ByteReader& in, FuncIndex index, const NameMap* locals, Emit emit);

  // --- print_immediates.cpp
  class ImmediatePrinter;
  Result<std::string> immediates(ByteReader& in, Opcode opcode, const NameMap* locals) const;

  [[nodiscard]] TypeContext type_context() const {
    return {Features::all(), static_cast<uint32_t>(module_.types.size())};
  }

  const Module& module_;
  ModuleNames names_;
  const NameMap no_names_;
  std::string out_;
  size_t depth_ = 1;
};

}  // namespace cairn::wasm::text

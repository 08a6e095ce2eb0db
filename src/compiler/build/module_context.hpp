// What compiling a function needs to know of its module, worked out once: layout, signatures, references.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "abi/vmcontext.hpp"
#include "compiler/ir/function.hpp"
#include "compiler/options/options.hpp"
#include "wasm/module.hpp"

namespace cairn::compiler {

// The counts that decide the layout of the VMContext of the module's instances.
abi::VMShape vm_shape(const wasm::Module& module);

// Function references are `ref`, all others `gcref`. `types` are those that concrete heap types are indices of.
ir::Type to_ir(wasm::ValType type, std::span<const wasm::SubType> types);

// Immutable after construction, so that several CPUs may use one. The module and the options must outlive it.
class ModuleContext {
 public:
  ModuleContext(const wasm::Module& module, const Options& options);

  [[nodiscard]] const wasm::Module& module() const { return module_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const abi::VMLayout& layout() const { return layout_; }

  [[nodiscard]] ir::Type to_ir(wasm::ValType type) const { return compiler::to_ir(type, module_.types); }
  // Of a function type.
  [[nodiscard]] ir::Signature signature(wasm::TypeIndex type) const;
  [[nodiscard]] ir::Signature signature(wasm::FuncIndex function) const {
    return signature(module_.functions[function.index()].type);
  }
  // What is accessed of a struct's field or of an array's elements.
  struct Field {
    uint32_t offset = 0;        // from the object's start; of elements the first one's
    uint32_t index = 0;         // MemoryAccess::index: the same for what supertypes, or equal types, name as well
    uint8_t size = 4;           // in bytes
    bool is_reference = false;  // of the heap

    // What an access says of it, but for where it is: only some address by a reference and an offset.
    [[nodiscard]] ir::MemoryAccess access() const {
      ir::MemoryAccess result;
      result.index = index;
      result.size = size;
      result.alias = ir::AliasClass::field;
      return result;
    }
  };
  // Of a struct or array type: its fields, or the one kind of elements.
  [[nodiscard]] std::span<const Field> fields(wasm::TypeIndex type) const {
    const FieldRange& range = field_ranges_[type.index()];
    return std::span(fields_).subspan(range.first, range.count);
  }
  // Of a struct: bytes of an object.
  [[nodiscard]] uint32_t object_size(wasm::TypeIndex type) const { return field_ranges_[type.index()].size; }
  // Where in the VMContext the VMFuncRef of a defined, escaped function is.
  [[nodiscard]] uint64_t func_ref_offset(wasm::FuncIndex function) const;

 private:
  struct TypeRange {
    uint32_t first = 0;
    uint32_t params = 0;
    uint32_t results = 0;
  };
  struct FieldRange {
    uint32_t first = 0;
    uint32_t count = 0;
    uint32_t size = 0;
  };
  void lay_out_fields();

  const wasm::Module& module_;
  const Options& options_;
  abi::VMLayout layout_;
  std::vector<ir::Type> types_;
  std::vector<TypeRange> signatures_;     // by type index
  std::vector<FieldRange> field_ranges_;  // by type index
  std::vector<Field> fields_;
  std::vector<uint32_t> escaped_position_;  // by function index
};

}  // namespace cairn::compiler

// Facts about a module that compiling its functions needs, computed once: the layouts of its VMContext and of its
// objects, and its signatures in IR types.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "abi/vmcontext.hpp"
#include "compiler/ir/function.hpp"
#include "compiler/options/options.hpp"
#include "wasm/module.hpp"

namespace cairn::compiler {

// Returns the counts that decide the layout of the VMContext of the module's instances.
abi::VMShape vm_shape(const wasm::Module& module);

// Returns the IR type of a value type. Function references become `ref`. All other references, and the unknown types of
// unreachable code, become `gcref`. Concrete heap types are indices into `types`.
ir::Type to_ir(wasm::ValType type, std::span<const wasm::SubType> types);

// A ModuleContext is immutable after construction, so several CPUs may use it. The module and the options must outlive
// it.
class ModuleContext {
 public:
  ModuleContext(const wasm::Module& module, const Options& options);

  [[nodiscard]] const wasm::Module& module() const { return module_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const abi::VMLayout& layout() const { return layout_; }

  [[nodiscard]] ir::Type to_ir(wasm::ValType type) const { return compiler::to_ir(type, module_.types); }
  // The signature of a function type, or of a function. Its arrays belong to the ModuleContext.
  [[nodiscard]] ir::Signature signature(wasm::TypeIndex type) const;
  [[nodiscard]] ir::Signature signature(wasm::FuncIndex function) const {
    return signature(module_.functions[function.index()].type);
  }
  // The properties of a struct's field or of an array's elements.
  struct Field {
    uint32_t offset = 0;        // offset from the object's start; for elements, the offset of the first one
    uint32_t index = 0;         // MemoryAccess::index; the same for the field in supertypes and in equal types
    uint8_t size = 4;           // number of bytes
    bool is_reference = false;  // whether the field holds a reference into the heap

    // Returns an access to the field, without the field's offset. The caller sets the offset, in the access or in the
    // immediate of the instruction.
    [[nodiscard]] ir::MemoryAccess access() const {
      ir::MemoryAccess result;
      result.index = index;
      result.size = size;
      result.alias = ir::AliasClass::field;
      return result;
    }
  };
  // The fields of a struct type, or one entry that describes the elements of an array type.
  [[nodiscard]] std::span<const Field> fields(wasm::TypeIndex type) const {
    const FieldRange& range = field_ranges_[type.index()];
    return std::span(fields_).subspan(range.first, range.count);
  }
  // The size in bytes of a struct type's objects, including the header.
  [[nodiscard]] uint32_t object_size(wasm::TypeIndex type) const { return field_ranges_[type.index()].size; }
  // The offset in the VMContext of the VMFuncRef of a function that is defined and escaped, that is, one to which a
  // reference can exist (wasm::Function::is_escaped).
  [[nodiscard]] uint64_t func_ref_offset(wasm::FuncIndex function) const;

 private:
  struct TypeRange {
    uint32_t first = 0;  // index in types_ of the first parameter; the results follow the parameters
    uint32_t params = 0;
    uint32_t results = 0;
  };
  struct FieldRange {
    uint32_t first = 0;  // index in fields_
    uint32_t count = 0;
    uint32_t size = 0;  // bytes of a struct type's objects
  };
  void lay_out_fields();

  const wasm::Module& module_;
  const Options& options_;
  abi::VMLayout layout_;
  std::vector<ir::Type> types_;
  std::vector<TypeRange> signatures_;     // indexed by type
  std::vector<FieldRange> field_ranges_;  // indexed by type
  std::vector<Field> fields_;
  // For each function index, the number of defined, escaped functions before it.
  std::vector<uint32_t> escaped_position_;
};

}  // namespace cairn::compiler

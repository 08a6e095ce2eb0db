#include "compiler/build/module_context.hpp"

#include <algorithm>

#include "abi/field_layout.hpp"
#include "wasm/type_equivalence.hpp"

namespace cairn::compiler {

abi::VMShape vm_shape(const wasm::Module& module) {
  abi::VMShape shape;
  shape.imported_functions = module.imported_functions;
  shape.imported_tables = module.imported_tables;
  shape.imported_memories = module.imported_memories;
  shape.imported_globals = module.imported_globals;
  shape.tags = static_cast<uint32_t>(module.tags.size());
  shape.defined_tables = static_cast<uint32_t>(module.tables.size()) - module.imported_tables;
  shape.defined_memories = static_cast<uint32_t>(module.memories.size()) - module.imported_memories;
  shape.defined_globals = static_cast<uint32_t>(module.globals.size()) - module.imported_globals;
  for (const wasm::Function& function : module.functions) {
    if (function.is_escaped && !function.is_imported) ++shape.escaped_functions;
  }
  return shape;
}

ir::Type to_ir(wasm::ValType type, std::span<const wasm::SubType> types) {
  switch (type.kind()) {
    case wasm::ValType::i32: return ir::Type::i32;
    case wasm::ValType::i64: return ir::Type::i64;
    case wasm::ValType::f32: return ir::Type::f32;
    case wasm::ValType::f64: return ir::Type::f64;
    case wasm::ValType::v128: return ir::Type::v128;
    case wasm::ValType::ref:
      if (type.is_bottom_ref()) return ir::Type::gcref;
      return wasm::top_of(types, type.heap()) == wasm::HeapType::func ? ir::Type::ref : ir::Type::gcref;
    case wasm::ValType::bottom: return ir::Type::gcref;
  }
  CAIRN_UNREACHABLE();
}

ModuleContext::ModuleContext(const wasm::Module& module, const Options& options)
    : module_(module), options_(options), layout_(vm_shape(module)) {
  signatures_.reserve(module.types.size());
  for (const wasm::SubType& type : module.types) {
    TypeRange range;
    range.first = static_cast<uint32_t>(types_.size());
    if (type.kind == wasm::SubType::Kind::func) {
      for (const wasm::ValType param : type.func.params) types_.push_back(to_ir(param));
      for (const wasm::ValType result : type.func.results) types_.push_back(to_ir(result));
      range.params = static_cast<uint32_t>(type.func.params.size());
      range.results = static_cast<uint32_t>(type.func.results.size());
    }
    signatures_.push_back(range);
  }
  lay_out_fields();
  escaped_position_.reserve(module.functions.size());
  uint32_t position = 0;
  for (const wasm::Function& function : module.functions) {
    escaped_position_.push_back(position);
    if (function.is_escaped && !function.is_imported) ++position;
  }
}

void ModuleContext::lay_out_fields() {
  const auto is_function = [&](wasm::TypeIndex index) {
    return module_.types[index.index()].kind == wasm::SubType::Kind::func;
  };
  uint32_t canonical_count = 0;
  for (const wasm::SubType& type : module_.types) canonical_count = std::max(canonical_count, type.canonical + 1);
  constexpr uint32_t kNoType = 0xffff'ffff;
  std::vector<uint32_t> first_of(canonical_count, kNoType);  // for each canonical number, the first type that has it
  field_ranges_.reserve(module_.types.size());
  for (uint32_t t = 0; t < module_.types.size(); ++t) {
    const wasm::SubType& type = module_.types[t];
    uint32_t& first = first_of[type.canonical];
    if (first == kNoType) first = t;
    // Equal types share their fields.
    if (first != t) {
      field_ranges_.push_back(field_ranges_[first]);
      continue;
    }
    FieldRange range;
    range.first = static_cast<uint32_t>(fields_.size());
    if (type.kind != wasm::SubType::Kind::func) {
      const FieldRange inherited = type.supertype ? field_ranges_[type.supertype->index()] : FieldRange();
      abi::FieldLayout layout;
      for (const wasm::FieldType& field : type.fields) {
        const abi::FieldStorage storage = abi::storage_of(field, is_function);
        Field result;
        result.size = storage.size;
        result.is_reference = storage.is_reference;
        result.offset =
            type.kind == wasm::SubType::Kind::array ? abi::array_data_offset(storage.size) : layout.place(storage);
        if (range.count < inherited.count) {
          result.index = fields_[inherited.first + range.count].index;
        } else {
          result.index = static_cast<uint32_t>(fields_.size());
          if (field.mutability == wasm::Mutability::immutable) result.index |= ir::kConstantFields;
        }
        fields_.push_back(result);
        ++range.count;
      }
      range.size = layout.size();
    }
    field_ranges_.push_back(range);
  }
}

ir::Signature ModuleContext::signature(wasm::TypeIndex type) const {
  const TypeRange& range = signatures_[type.index()];
  const std::span<const ir::Type> types = std::span(types_).subspan(range.first, range.params + range.results);
  return {types.first(range.params), types.subspan(range.params)};
}

uint64_t ModuleContext::func_ref_offset(wasm::FuncIndex function) const {
  const wasm::Function& entry = module_.functions[function.index()];
  CAIRN_ASSERT(entry.is_escaped && !entry.is_imported);
  return layout_.func_ref(escaped_position_[function.index()]);
}

}  // namespace cairn::compiler

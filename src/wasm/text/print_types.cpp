// Prints types and constant expressions as text.
#include "base/format.hpp"
#include "wasm/text/print_number.hpp"
#include "wasm/text/printer.hpp"

namespace cairn::wasm::text {

std::string Printer::heap_type(HeapType type) const {
  return type.is_concrete() ? names_.types.use(type.index().index()) : to_string(type);
}

std::string Printer::value_type(ValType type) const {
  if (!type.is_ref() || !type.heap().is_concrete()) return to_string(type);
  return std::string(type.is_nullable() ? "(ref null " : "(ref ") + heap_type(type.heap()) + ")";
}

std::string Printer::field_type(const FieldType& type) const {
  std::string text = type.packing == FieldType::Packing::i8    ? "i8"
                     : type.packing == FieldType::Packing::i16 ? "i16"
                                                               : value_type(type.type);
  return type.mutability == Mutability::mutable_ ? "(mut " + text + ")" : text;
}

std::string Printer::func_type(const FuncType& type, const NameMap* locals) const {
  std::string text;
  bool is_open = false;
  for (uint32_t i = 0; i < type.params.size(); ++i) {
    const bool is_named = locals != nullptr && locals->find(i) != nullptr;
    if (is_open && is_named) {
      text += ")";
      is_open = false;
    }
    if (!is_open) text += " (param";
    is_open = true;
    if (is_named) text += locals->definition(i);
    text += " " + value_type(type.params[i]);
    if (is_named) {
      text += ")";
      is_open = false;
    }
  }
  if (is_open) text += ")";
  if (type.results.empty()) return text;
  text += " (result";
  for (ValType result : type.results) text += " " + value_type(result);
  return text + ")";
}

std::string Printer::type_use(TypeIndex type, const NameMap* locals) const {
  std::string text = " (type " + names_.types.use(type.index()) + ")";
  if (type.index() >= module_.types.size()) return text;
  return text + func_type(module_.types[type.index()].func, locals);
}

std::string Printer::limits(const Limits& limits, AddressType address) const {
  std::string text = address == AddressType::i64 ? "i64 " : "";
  text += decimal(limits.minimum);
  if (limits.maximum) text += " " + decimal(*limits.maximum);
  return text;
}

std::string Printer::table_type(const TableType& type) const {
  return limits(type.limits, type.address) + " " + value_type(type.element);
}

std::string Printer::memory_type(const MemoryType& type) const {
  std::string text = limits(type.limits, type.address);
  if (type.sharedness == Sharedness::shared) text += " shared";
  if (type.page_size_log2 != 16) text += " (pagesize " + decimal(uint64_t{1} << type.page_size_log2) + ")";
  return text;
}

std::string Printer::global_type(const GlobalType& type) const {
  return type.mutability == Mutability::mutable_ ? "(mut " + value_type(type.type) + ")" : value_type(type.type);
}

std::string Printer::expression(const ConstExpr& expr) const {
  std::string text;
  for (const ConstOp& op : expr) {
    if (!text.empty()) text += " ";
    using Kind = ConstOp::Kind;
    const auto typed = [&](std::string_view name) {
      text += name;
      text += " " + names_.types.use(op.index);
    };
    switch (op.kind) {
      case Kind::value:
        if (op.type == ValType::i32) {
          text += "i32.const " + decimal(static_cast<int32_t>(op.bits));
        } else if (op.type == ValType::i64) {
          text += "i64.const " + decimal(static_cast<int64_t>(op.bits));
        } else if (op.type == ValType::f32) {
          text += "f32.const " + spell_f32(static_cast<uint32_t>(op.bits));
        } else if (op.type == ValType::f64) {
          text += "f64.const " + spell_f64(op.bits);
        } else {
          text += "v128.const i64x2 " + hex(op.bits) + " " + hex(op.high_bits);
        }
        break;
      case Kind::ref_null: text += "ref.null " + heap_type(op.type.heap()); break;
      case Kind::ref_func: text += "ref.func " + names_.functions.use(op.index); break;
      case Kind::global_get: text += "global.get " + names_.globals.use(op.index); break;
      case Kind::i32_add: text += "i32.add"; break;
      case Kind::i32_sub: text += "i32.sub"; break;
      case Kind::i32_mul: text += "i32.mul"; break;
      case Kind::i64_add: text += "i64.add"; break;
      case Kind::i64_sub: text += "i64.sub"; break;
      case Kind::i64_mul: text += "i64.mul"; break;
      case Kind::struct_new: typed("struct.new"); break;
      case Kind::struct_new_default: typed("struct.new_default"); break;
      case Kind::array_new: typed("array.new"); break;
      case Kind::array_new_default: typed("array.new_default"); break;
      case Kind::array_new_fixed:
        typed("array.new_fixed");
        text += " " + decimal(op.bits);
        break;
      case Kind::ref_i31: text += "ref.i31"; break;
      case Kind::any_convert_extern: text += "any.convert_extern"; break;
      case Kind::extern_convert_any: text += "extern.convert_any"; break;
    }
  }
  return text;
}

}  // namespace cairn::wasm::text

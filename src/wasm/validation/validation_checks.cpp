// Checks instructions whose operand types depend on more than the opcode ([wasm 3.4]).
#include <algorithm>

#include "base/format.hpp"
#include "wasm/validation/validation_state.hpp"

namespace cairn::wasm {
namespace {

bool same_storage(const FieldType& a, const FieldType& b) { return a.packing == b.packing; }

bool is_numeric_or_vector(const FieldType& field) { return !field.type.is_ref(); }

}  // namespace

bool ValidationState::check_memory_access(const OpcodeRow& opcode_row, ValType address) {
  for (uint32_t i = opcode_row.param_count; i > 1; --i) CAIRN_CHECK(pop(opcode_row.params[i - 1]));
  CAIRN_CHECK(pop(address));
  return opcode_row.result_count == 0 || push(opcode_row.results[0]);
}

// --- Parametric instructions.

bool ValidationState::check_select(ValType& type) {
  ValType first = ValType::i32;
  ValType second = ValType::i32;
  CAIRN_CHECK(pop(ValType::i32));
  CAIRN_CHECK(pop_any(second));
  CAIRN_CHECK(pop_any(first));
  if (first.is_ref() || second.is_ref()) return mismatch(": select of references needs a type");
  if (first != second && first != ValType::bottom && second != ValType::bottom) {
    return mismatch(": select of " + to_string(first) + " and " + to_string(second));
  }
  type = first == ValType::bottom ? second : first;
  return push(type);
}

bool ValidationState::check_select_typed(ValType& type) {
  uint32_t count = 0;
  CAIRN_CHECK(in_.read_u32(count));
  if (count != 1) return invalid("invalid result arity");
  CAIRN_CHECK(read_value_type(in_, type_context(), type));
  return pop(ValType::i32) && pop(type) && pop(type) && push(type);
}

// --- Branches on references and casts.

bool ValidationState::check_br_on_null(uint32_t depth) {
  const Frame* target = nullptr;
  ValType reference = ValType::i32;
  CAIRN_CHECK(label(depth, target));
  CAIRN_CHECK(pop_ref(reference));
  return pop_all(target->label()) && push_all(target->label()) && push(non_null(reference));
}

bool ValidationState::check_br_on_non_null(uint32_t depth) {
  const Frame* target = nullptr;
  ValType reference = ValType::i32;
  CAIRN_CHECK(label(depth, target));
  const auto types = target->label();
  if (types.empty()) return mismatch(": br_on_non_null needs a label with a reference");
  CAIRN_CHECK(pop_ref(reference));
  return push(non_null(reference)) && pop_all(types) && push_all(types.first(types.size() - 1));
}

bool ValidationState::check_br_on_cast(Opcode opcode, uint32_t& depth, ValType& target, ValType& source) {
  uint8_t flags = 0;
  HeapType from = HeapType::func;
  HeapType to = HeapType::func;
  const Frame* frame = nullptr;
  CAIRN_CHECK(in_.read_u8(flags));
  if (flags > 3) return malformed("malformed br_on_cast flags");
  CAIRN_CHECK(in_.read_u32(depth));
  CAIRN_CHECK(read_heap_type(in_, type_context(), from));
  CAIRN_CHECK(read_heap_type(in_, type_context(), to));
  CAIRN_CHECK(label(depth, frame));
  source = ValType::reference((flags & 1) != 0 ? Nullability::nullable : Nullability::non_null, from);
  target = ValType::reference((flags & 2) != 0 ? Nullability::nullable : Nullability::non_null, to);
  if (!type_matches(target, source)) {
    return mismatch(": cast from " + to_string(source) + " to " + to_string(target));
  }
  const ValType difference = target.is_nullable() ? non_null(source) : source;
  const bool branches_on_success = opcode == Opcode::br_on_cast;
  const ValType taken = branches_on_success ? target : difference;
  const ValType rest = branches_on_success ? difference : target;
  const auto types = frame->label();
  if (types.empty() || !type_matches(taken, types.back())) {
    return mismatch(": the label does not take " + to_string(taken));
  }
  const auto others = types.first(types.size() - 1);
  return pop(source) && pop_all(others) && push_all(others) && push(rest);
}

bool ValidationState::check_cast(Opcode opcode, ValType& target, ValType& source) {
  const bool nullable = opcode == Opcode::ref_test_null || opcode == Opcode::ref_cast_null;
  const bool is_test = opcode == Opcode::ref_test || opcode == Opcode::ref_test_null;
  HeapType heap = HeapType::func;
  CAIRN_CHECK(read_heap_type(in_, type_context(), heap));
  target = ValType::reference(nullable ? Nullability::nullable : Nullability::non_null, heap);
  CAIRN_CHECK(pop_ref(source));
  const ValType top = ValType::reference(Nullability::nullable, top_of(module_->types, heap));
  if (!type_matches(source, top)) return mismatch(": cast from " + to_string(source) + " to " + to_string(target));
  return push(is_test ? ValType(ValType::i32) : target);
}

bool ValidationState::check_convert(HeapType::Kind from, HeapType::Kind to) {
  ValType type = ValType::i32;
  CAIRN_CHECK(pop_ref(type));
  if (!type_matches(type, ValType::reference(Nullability::nullable, from))) {
    return mismatch(": instruction requires a reference to " + to_string(HeapType(from)) + " but stack has [" +
                    to_string(type) + "]");
  }
  return push(ValType::reference(type.nullability(), to));
}

// --- Calls.

bool ValidationState::check_return_call(const FuncType& type) {
  if (!matches(module_->types, type.results, function_type_->results)) {
    return mismatch(": current function requires results of " + to_string(*function_type_) + " but callee is " +
                    to_string(type));
  }
  CAIRN_CHECK(pop_all(type.params));
  set_unreachable();
  return true;
}

bool ValidationState::check_indirect_callee(TypeIndex& index, TableIndex& table, const FuncType*& type) {
  const SubType* callee = nullptr;
  ValType address = ValType::i32;
  ValType element = ValType::i32;
  CAIRN_CHECK(read_type(SubType::Kind::func, index, callee));
  CAIRN_CHECK(read_table(table, address, element));
  if (!type_matches(element, ValType::funcref())) {
    return mismatch(": call_indirect requires a table of functions but table has " + to_string(element));
  }
  type = &callee->func;
  return pop(address);
}

bool ValidationState::check_ref_func(FuncIndex& function) {
  const FuncType* type = nullptr;
  CAIRN_CHECK(read_function(function, type));
  const Function& target = module_->functions[function.index()];
  if (!target.is_escaped) return invalid("undeclared function reference " + decimal(function.index()));
  return push(reference_to(target.type, Nullability::non_null));
}

// --- Tables and memories.

// In the bytes of table.init and memory.init the segment comes first, but the table or memory is checked first.
bool ValidationState::check_table_init(ElemIndex& elem, TableIndex& table) {
  uint32_t index = 0;
  ValType address = ValType::i32;
  ValType element = ValType::i32;
  ValType segment = ValType::i32;
  CAIRN_CHECK(in_.read_u32(index) && read_table(table, address, element) && check_elem(index, elem, segment));
  if (!type_matches(segment, element)) {
    return mismatch(": table.init of " + to_string(segment) + " into a table of " + to_string(element));
  }
  return pop(ValType::i32) && pop(ValType::i32) && pop(address);
}

bool ValidationState::check_memory_init(DataIndex& data, MemoryIndex& memory) {
  uint32_t index = 0;
  ValType address = ValType::i32;
  CAIRN_CHECK(in_.read_u32(index) && read_memory(memory, address) && check_data(index, data));
  return pop(ValType::i32) && pop(ValType::i32) && pop(address);
}

bool ValidationState::check_table_copy(TableIndex& destination, TableIndex& source) {
  ValType address = ValType::i32;
  ValType element = ValType::i32;
  ValType source_address = ValType::i32;
  ValType source_element = ValType::i32;
  CAIRN_CHECK(read_table(destination, address, element));
  CAIRN_CHECK(read_table(source, source_address, source_element));
  if (!type_matches(source_element, element)) {
    return mismatch(": table.copy from a table of " + to_string(source_element) + " to a table of " +
                    to_string(element));
  }
  const ValType length = address == ValType::i32 ? address : source_address;
  return pop(length) && pop(source_address) && pop(address);
}

bool ValidationState::check_memory_copy(MemoryIndex& destination, MemoryIndex& source) {
  ValType address = ValType::i32;
  ValType source_address = ValType::i32;
  CAIRN_CHECK(read_memory(destination, address));
  CAIRN_CHECK(read_memory(source, source_address));
  const ValType length = address == ValType::i32 ? address : source_address;
  return pop(length) && pop(source_address) && pop(address);
}

// --- Structures and arrays.

bool ValidationState::check_struct_new(Opcode opcode, TypeIndex& index) {
  const SubType* type = nullptr;
  CAIRN_CHECK(read_type(SubType::Kind::struct_, index, type));
  if (opcode == Opcode::struct_new) {
    for (size_t i = type->fields.size(); i > 0; --i) CAIRN_CHECK(pop(type->fields[i - 1].type));
  } else {
    for (const FieldType& field : type->fields) {
      if (!field.type.is_defaultable()) return invalid("field type is not defaultable: " + to_string(field.type));
    }
  }
  return push(reference_to(index, Nullability::non_null));
}

bool ValidationState::check_struct_get(Opcode opcode, TypeIndex& index, uint32_t& field_index) {
  const SubType* type = nullptr;
  const FieldType* field = nullptr;
  CAIRN_CHECK(read_type(SubType::Kind::struct_, index, type));
  CAIRN_CHECK(read_field(*type, field_index, field));
  const bool is_packed = field->packing != FieldType::Packing::none;
  if (is_packed != (opcode != Opcode::struct_get)) return invalid(is_packed ? "field is packed" : "field is unpacked");
  return pop(reference_to(index, Nullability::nullable)) && push(field->type);
}

bool ValidationState::check_struct_set(TypeIndex& index, uint32_t& field_index) {
  const SubType* type = nullptr;
  const FieldType* field = nullptr;
  CAIRN_CHECK(read_type(SubType::Kind::struct_, index, type));
  CAIRN_CHECK(read_field(*type, field_index, field));
  if (field->mutability == Mutability::immutable) return invalid("immutable field " + decimal(field_index));
  return pop(field->type) && pop(reference_to(index, Nullability::nullable));
}

bool ValidationState::check_array_new(Opcode opcode, TypeIndex& index) {
  const SubType* type = nullptr;
  CAIRN_CHECK(read_type(SubType::Kind::array, index, type));
  CAIRN_CHECK(pop(ValType::i32));
  const ValType element = type->fields[0].type;
  if (opcode == Opcode::array_new) {
    CAIRN_CHECK(pop(element));
  } else if (!element.is_defaultable()) {
    return invalid("array type is not defaultable: " + to_string(element));
  }
  return push(reference_to(index, Nullability::non_null));
}

bool ValidationState::check_array_new_fixed(TypeIndex& index, uint32_t& count) {
  const SubType* type = nullptr;
  CAIRN_CHECK(read_type(SubType::Kind::array, index, type));
  CAIRN_CHECK(in_.read_u32(count));
  if (count > limits::kArrayNewFixed) {
    Error error = limits::exceeded(offset_, "too many operands of array.new_fixed", count, limits::kArrayNewFixed);
    return in_.fail(error.kind, error.offset, std::move(error.message));
  }
  for (uint32_t i = 0; i < count; ++i) CAIRN_CHECK(pop(type->fields[0].type));
  return push(reference_to(index, Nullability::non_null));
}

bool ValidationState::check_array_data(Opcode opcode, TypeIndex& index, DataIndex& data) {
  const SubType* type = nullptr;
  CAIRN_CHECK(read_type(SubType::Kind::array, index, type));
  CAIRN_CHECK(read_data(data));
  const FieldType& element = type->fields[0];
  if (opcode == Opcode::array_init_data && element.mutability == Mutability::immutable)
    return invalid("immutable array");
  if (!is_numeric_or_vector(element)) return invalid("array type is not numeric or vector");
  CAIRN_CHECK(pop(ValType::i32));
  CAIRN_CHECK(pop(ValType::i32));
  if (opcode == Opcode::array_new_data) return push(reference_to(index, Nullability::non_null));
  return pop(ValType::i32) && pop(reference_to(index, Nullability::nullable));
}

bool ValidationState::check_array_elem(Opcode opcode, TypeIndex& index, ElemIndex& elem) {
  const SubType* type = nullptr;
  ValType segment = ValType::i32;
  CAIRN_CHECK(read_type(SubType::Kind::array, index, type));
  CAIRN_CHECK(read_elem(elem, segment));
  const FieldType& element = type->fields[0];
  if (opcode == Opcode::array_init_elem && element.mutability == Mutability::immutable)
    return invalid("immutable array");
  if (!type_matches(segment, element.type)) {
    return mismatch(": element segment of " + to_string(segment) + " for an array of " + to_string(element.type));
  }
  CAIRN_CHECK(pop(ValType::i32));
  CAIRN_CHECK(pop(ValType::i32));
  if (opcode == Opcode::array_new_elem) return push(reference_to(index, Nullability::non_null));
  return pop(ValType::i32) && pop(reference_to(index, Nullability::nullable));
}

bool ValidationState::check_array_get(Opcode opcode, TypeIndex& index) {
  const SubType* type = nullptr;
  CAIRN_CHECK(read_type(SubType::Kind::array, index, type));
  const FieldType& element = type->fields[0];
  const bool is_packed = element.packing != FieldType::Packing::none;
  if (is_packed != (opcode != Opcode::array_get)) return invalid(is_packed ? "array is packed" : "array is unpacked");
  return pop(ValType::i32) && pop(reference_to(index, Nullability::nullable)) && push(element.type);
}

bool ValidationState::check_array_set(Opcode opcode, TypeIndex& index) {
  const SubType* type = nullptr;
  CAIRN_CHECK(read_type(SubType::Kind::array, index, type));
  const FieldType& element = type->fields[0];
  if (element.mutability == Mutability::immutable) return invalid("immutable array");
  if (opcode == Opcode::array_fill) CAIRN_CHECK(pop(ValType::i32));
  return pop(element.type) && pop(ValType::i32) && pop(reference_to(index, Nullability::nullable));
}

bool ValidationState::check_array_copy(TypeIndex& destination, TypeIndex& source) {
  const SubType* to = nullptr;
  const SubType* from = nullptr;
  CAIRN_CHECK(read_type(SubType::Kind::array, destination, to));
  CAIRN_CHECK(read_type(SubType::Kind::array, source, from));
  if (to->fields[0].mutability == Mutability::immutable) return invalid("immutable array");
  if (!same_storage(from->fields[0], to->fields[0]) || !type_matches(from->fields[0].type, to->fields[0].type)) {
    return invalid("array types do not match");
  }
  return pop(ValType::i32) && pop(ValType::i32) && pop(reference_to(source, Nullability::nullable)) &&
         pop(ValType::i32) && pop(reference_to(destination, Nullability::nullable));
}

}  // namespace cairn::wasm

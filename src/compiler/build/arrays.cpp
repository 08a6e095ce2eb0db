// Builds instructions on arrays. These are objects of the managed heap with a length and, after it, the elements.
//
// An access to an element reads the length through the reference, which traps if the reference is null. Then the index
// is compared with the length. The address of an element is computed from the reference for each access, since such an
// address is valid only up to the next safepoint: a collection moves objects.
#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using abi::Builtin;
using ir::AliasClass;
using ir::Condition;
using ir::Extension;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using wasm::TrapKind;
using WasmOp = wasm::Opcode;

namespace {

// A new array with a constant length of at most this many elements is filled by stores.
constexpr uint32_t kMaximumStores = 16;

}  // namespace

ir::Value Builder::type_id(wasm::TypeIndex type) {
  Instruction inst;
  inst.opcode = Opcode::type_id;
  inst.type = Type::i32;
  inst.immediate = type.index();
  return insert_.emit(inst);
}

ir::Value Builder::new_array(wasm::TypeIndex type, Value length) {
  const ModuleContext::Field& elements = context_.fields(type)[0];
  uint64_t size = elements.offset;
  if (const auto known = insert_.constant(length)) size += uint64_t{static_cast<uint32_t>(*known)} * elements.size;
  size = (size + 7) & ~uint64_t{7};
  return new_object(abi::ObjectKind::array, type, size, length);
}

// Returns the two words of the value. Values of fewer than 128 bits are zero-extended.
Builder::Words Builder::words_of(Value value) {
  const auto extended = [&](Value low) { return insert_.unary(Opcode::uextend, Type::i64, low); };
  const Value zero = insert_.iconst(Type::i64, 0);
  switch (function_[value].type) {
    case Type::i32: return {extended(value), zero};
    case Type::i64: return {value, zero};
    case Type::f32: return {extended(insert_.unary(Opcode::bitcast, Type::i32, value)), zero};
    case Type::f64:
    case Type::ref: return {insert_.unary(Opcode::bitcast, Type::i64, value), zero};
    case Type::gcref: return {gc_address(Value::none(), value), zero};
    case Type::v128: {
      const auto half = [&](uint8_t lane) {
        Instruction inst;
        inst.opcode = Opcode::simd_extract;
        inst.type = Type::i64;
        inst.aux = lane;
        inst.immediate = static_cast<int64_t>(ir::SimdOp::i64x2_extract_lane);
        inst.operands[0] = value;
        return insert_.emit(inst);
      };
      return {half(0), half(1)};
    }
    case Type::none: break;
  }
  CAIRN_UNREACHABLE();
}

void Builder::fill(Value array, Value start, Value value, Value length) {
  const Words words = words_of(value);
  const Value arguments[] = {array, start, words.low, words.high, length};
  call_builtin(Builtin::array_fill, arguments);
}

void Builder::array_new(wasm::TypeIndex type) {
  const Value length = pop();
  const Value value = pop();
  const Value array = new_array(type, length);
  push(array);
  // A new array's elements are zeros already.
  const Opcode made_by = function_[value].opcode;
  if ((made_by == Opcode::iconst || made_by == Opcode::fconst) && function_[value].immediate == 0) return;
  const auto known = insert_.constant(length);
  if (!known || static_cast<uint32_t>(*known) > kMaximumStores) {
    return fill(array, insert_.iconst(Type::i32, 0), value, length);
  }
  for (uint32_t i = 0; i < static_cast<uint32_t>(*known); ++i) store_element(type, array, i, value);
}

void Builder::array_new_default(wasm::TypeIndex type) { push(new_array(type, pop())); }

void Builder::store_element(wasm::TypeIndex type, Value array, uint32_t position, Value value) {
  const ModuleContext::Field& elements = context_.fields(type)[0];
  MemoryAccess access = elements.access();
  access.offset = elements.offset + uint64_t{position} * elements.size;
  store_field(array, access, value);
  if (elements.is_reference) place_barrier(array, Value::none(), access.offset, value);
}

void Builder::array_new_fixed(wasm::TypeIndex type, uint32_t count) {
  const Value array = new_array(type, insert_.iconst(Type::i32, count));
  for (uint32_t i = 0; i < count; ++i) store_element(type, array, i, top(count)[i]);
  drop_values(count);
  push(array);
}

void Builder::new_from_segment(Builtin builtin, wasm::TypeIndex type, uint32_t segment) {
  const Value length = pop();
  const Value source = pop();
  const Value arguments[] = {type_id(type), insert_.iconst(Type::i32, segment), source, length};
  push(call_builtin(builtin, arguments));
  note_type(stack_.back(), wasm::ValType::reference(wasm::Nullability::non_null, wasm::HeapType::of(type)));
}

void Builder::array_new_data(wasm::TypeIndex type, wasm::DataIndex data) {
  new_from_segment(Builtin::array_new_data, type, data.index());
}

void Builder::array_new_elem(wasm::TypeIndex type, wasm::ElemIndex elem) {
  new_from_segment(Builtin::array_new_elem, type, elem.index());
}

ir::Value Builder::array_length(Value array) {
  MemoryAccess access;
  access.alias = AliasClass::field;
  access.index = ir::kLengthField;
  access.offset = offsetof(abi::VMArray, length);
  access.trap = TrapKind::null_array_reference;
  guard_null(array, access);
  return load_field(Type::i32, array, access);
}

void Builder::array_len() { push(array_length(pop())); }

// Checks for null and bounds. Returns the index to be used for the access.
ir::Value Builder::check_index(Value array, Value index) {
  return checked(index, Condition::ult, index, array_length(array), TrapKind::out_of_bounds_array_access);
}

// Returns the address of the element minus elements.offset, the offset of the first element in an array. The access to
// the element adds this offset as a constant. `index` comes from check_index().
ir::Value Builder::element_address(const ModuleContext::Field& elements, Value array, Value index) {
  Instruction address;
  address.opcode = Opcode::array_address;
  address.type = Type::i64;
  address.operands[0] = gc_address(heap_base(), array);
  address.operands[1] = index;
  address.immediate = elements.size;
  return insert_.emit(address);
}

void Builder::array_get(WasmOp opcode, wasm::TypeIndex type) {
  const ModuleContext::Field& elements = context_.fields(type)[0];
  const wasm::FieldType& declared = module_.types[type.index()].fields[0];
  MemoryAccess access = elements.access();
  if (opcode == WasmOp::array_get_s) access.extension = Extension::sign;
  if (opcode == WasmOp::array_get_u) access.extension = Extension::zero;
  Value index = pop();
  const Value array = pop();
  index = check_index(array, index);
  const Value address = element_address(elements, array, index);
  push(insert_.load(context_.to_ir(declared.type), address, elements.offset, access));
  note_type(stack_.back(), declared.type);
}

void Builder::array_set(wasm::TypeIndex type) {
  const ModuleContext::Field& elements = context_.fields(type)[0];
  const Value value = pop();
  Value index = pop();
  const Value array = pop();
  index = check_index(array, index);
  Instruction inst;
  inst.opcode = Opcode::store;
  inst.operands[0] = element_address(elements, array, index);
  inst.operands[1] = value;
  inst.immediate = elements.offset;
  inst.extra = function_.add_access(elements.access());
  insert_.place(inst);
  if (elements.is_reference) place_barrier(array, index, elements.offset, value);
}

void Builder::array_fill(wasm::TypeIndex) {
  const Value length = pop();
  const Value value = pop();
  const Value start = pop();
  fill(pop(), start, value, length);
}

void Builder::array_copy(wasm::TypeIndex, wasm::TypeIndex) {
  const Value arguments[] = {top(5)[0], top(5)[1], top(5)[2], top(5)[3], top(5)[4]};
  drop_values(5);
  call_builtin(Builtin::array_copy, arguments);
}

void Builder::init_from_segment(Builtin builtin, uint32_t segment) {
  const Value arguments[] = {top(4)[0], top(4)[1], insert_.iconst(Type::i32, segment), top(4)[2], top(4)[3]};
  drop_values(4);
  call_builtin(builtin, arguments);
}

void Builder::array_init_data(wasm::TypeIndex, wasm::DataIndex data) {
  init_from_segment(Builtin::array_init_data, data.index());
}

void Builder::array_init_elem(wasm::TypeIndex, wasm::ElemIndex elem) {
  init_from_segment(Builtin::array_init_elem, elem.index());
}

}  // namespace cairn::compiler

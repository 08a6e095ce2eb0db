// Builds instructions on structs. These are objects of the managed heap with fields at fixed offsets.
//
// A null reference is the heap's offset 0, so an access through it goes to the first pages of the heap. These are
// inaccessible, and the fault becomes a trap. An access to a field beyond these pages (abi::kNullGuardBytes) gets an
// explicit check for null.
#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using ir::AliasClass;
using ir::Condition;
using ir::Extension;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using wasm::TrapKind;
using WasmOp = wasm::Opcode;

namespace {

// Arrays with a constant length and of at most this many bytes are allocated and cleared inline.
constexpr uint64_t kMaximumInlineArray = 256;

// Returns the access to a field of a struct, which traps with null_structure_reference if it can fault.
MemoryAccess access_of(const ModuleContext::Field& field) {
  MemoryAccess access = field.access();
  access.offset = field.offset;
  access.trap = TrapKind::null_structure_reference;
  return access;
}

}  // namespace

// Makes an object. `length` is the number of elements of an array; a struct has none. `size` is the object's size in
// bytes; for an array whose length is not constant, it is not used.
ir::Value Builder::new_object(abi::ObjectKind kind, wasm::TypeIndex type, uint64_t size, Value length) {
  // The runtime allocates large objects, and arrays whose length is not constant.
  if (size > (length ? kMaximumInlineArray : abi::kMaximumInlineBytes) || (length && !insert_.constant(length))) {
    const Value arguments[] = {type_id(type), length ? length : insert_.iconst(Type::i32, static_cast<int64_t>(size))};
    return call_builtin(length ? abi::Builtin::gc_allocate_array : abi::Builtin::gc_allocate, arguments);
  }
  Instruction inst;
  inst.opcode = Opcode::gc_new;
  inst.type = Type::gcref;
  inst.operands[0] = heap_base();
  inst.operands[1] = length;
  inst.immediate = static_cast<int64_t>(kind);
  MemoryAccess access;
  access.alias = AliasClass::heap_layout;
  access.index = type.index();
  access.offset = size;
  inst.extra = function_.add_access(access);
  return insert_.place(inst);
}

void Builder::store_field(Value object, const MemoryAccess& access, Value value) {
  Instruction inst;
  inst.opcode = Opcode::heap_store;
  inst.operands[0] = object;
  inst.operands[1] = heap_base();
  inst.operands[2] = value;
  inst.extra = function_.add_access(access);
  insert_.place(inst);
}

// Whether the value is certainly null or an i31. A store of such a value needs no barrier.
bool Builder::is_no_object(Value reference) const {
  const Opcode opcode = function_[reference].opcode;
  return opcode == Opcode::iconst || opcode == Opcode::gc_from_bits;
}

// Places a write barrier after a store of the reference `stored` into `object`. The store was `offset` bytes after the
// object's start, plus `index` times the size of a reference if there is an index.
void Builder::place_barrier(Value object, Value index, uint64_t offset, Value stored) {
  if (is_no_object(stored)) return;
  Instruction inst;
  inst.opcode = Opcode::gc_barrier;
  inst.operands[0] = heap_base();
  inst.operands[1] = object;
  inst.operands[2] = index;
  MemoryAccess access;
  access.alias = AliasClass::runtime;
  access.offset = offset;
  access.size = sizeof(abi::HeapReference);
  inst.extra = function_.add_access(access);
  insert_.place(inst);
}

// Makes an access through `object` trap if `object` is null: sets access.can_fault if the access faults for null, and
// otherwise places a check. The access must have its offset, size and trap.
void Builder::guard_null(Value object, MemoryAccess& access) {
  if (is_non_null(object)) return;
  if (access.offset + access.size <= abi::kNullGuardBytes) {
    access.can_fault = true;
  } else {
    insert_.trap_if(insert_.compare(Condition::eq, object, null_like(object)), access.trap);
  }
}

void Builder::struct_new(wasm::TypeIndex type) {
  const std::span<const ModuleContext::Field> fields = context_.fields(type);
  const auto count = static_cast<uint32_t>(fields.size());
  const Value object = new_object(abi::ObjectKind::structure, type, context_.object_size(type));
  for (uint32_t i = 0; i < count; ++i) store_field(object, access_of(fields[i]), top(count)[i]);
  drop_values(count);
  push(object);
}

void Builder::struct_new_default(wasm::TypeIndex type) {
  const std::span<const ModuleContext::Field> fields = context_.fields(type);
  const Value object = new_object(abi::ObjectKind::structure, type, context_.object_size(type));
  for (size_t i = 0; i < fields.size(); ++i) {
    store_field(object, access_of(fields[i]), zero_of(context_.to_ir(module_.types[type.index()].fields[i].type)));
  }
  push(object);
}

void Builder::struct_get(WasmOp opcode, wasm::TypeIndex type, uint32_t field) {
  const wasm::FieldType& declared = module_.types[type.index()].fields[field];
  MemoryAccess access = access_of(context_.fields(type)[field]);
  if (opcode == WasmOp::struct_get_s) access.extension = Extension::sign;
  if (opcode == WasmOp::struct_get_u) access.extension = Extension::zero;
  const Value object = pop();
  guard_null(object, access);
  push(load_field(context_.to_ir(declared.type), object, access));
  note_type(stack_.back(), declared.type);
}

void Builder::struct_set(wasm::TypeIndex type, uint32_t field) {
  const ModuleContext::Field& target = context_.fields(type)[field];
  MemoryAccess access = access_of(target);
  const Value value = pop();
  const Value object = pop();
  guard_null(object, access);
  store_field(object, access, value);
  if (target.is_reference) place_barrier(object, Value::none(), access.offset, value);
}

// --- references that are known not to be null

bool Builder::is_non_null(Value reference) const {
  const Opcode opcode = function_[reference].opcode;
  if (opcode == Opcode::gc_new || opcode == Opcode::gc_from_bits) return insert_.simplifies();
  return reference.index() < non_null_.size() && non_null_[reference.index()];
}

// Records that the value is not null if its type excludes null. The type holds wherever the value is used, so the
// record needs no scope.
void Builder::note_type(Value value, wasm::ValType type) {
  if (!insert_.simplifies() || !type.is_ref() || type.is_nullable()) return;
  if (non_null_.size() <= value.index()) non_null_.resize(value.index() + 1);
  non_null_[value.index()] = true;
}

}  // namespace cairn::compiler

// Builds instructions on references. A null reference is 0; a function reference points to a VMFuncRef.
#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using ir::AliasClass;
using ir::Condition;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using wasm::Reachability;

ir::Value Builder::null_like(Value reference) { return insert_.iconst(function_[reference].type, 0); }

void Builder::ref_null(wasm::HeapType heap) {
  push(insert_.iconst(context_.to_ir(wasm::ValType::reference(wasm::Nullability::nullable, heap)), 0));
}

void Builder::ref_is_null() {
  const Value reference = pop();
  push(insert_.compare(Condition::eq, reference, null_like(reference)));
}

void Builder::ref_eq() {
  const Value b = pop();
  push(insert_.compare(Condition::eq, pop(), b));
}

void Builder::ref_func(wasm::FuncIndex func) {
  if (module_.functions[func.index()].is_imported) {
    MemoryAccess access;
    access.size = 8;
    access.alias = AliasClass::immutable;
    const uint64_t import = context_.layout().function_import(func.index());
    push(insert_.load(Type::ref, Value::none(),
                      static_cast<int64_t>(import + offsetof(abi::VMFunctionImport, reference)), access));
    return;
  }
  Instruction context;
  context.opcode = Opcode::vmctx;
  context.type = Type::i64;
  const Value offset = insert_.iconst(Type::i64, static_cast<int64_t>(context_.func_ref_offset(func)));
  const Value address = insert_.binary(Opcode::iadd, Type::i64, insert_.emit(context), offset);
  push(insert_.unary(Opcode::bitcast, Type::ref, address));
}

void Builder::ref_as_non_null() {
  insert_.trap_if(insert_.compare(Condition::eq, stack_.back(), null_like(stack_.back())),
                  wasm::TrapKind::null_reference);
}

Reachability Builder::br_on_null(uint32_t depth) {
  const Value reference = pop();
  const Value is_null = insert_.compare(Condition::eq, reference, null_like(reference));
  const Reachability result = branch_to(depth, is_null, true);
  push(reference);
  return result;
}

Reachability Builder::br_on_non_null(uint32_t depth) {
  // The reference is the last value that the branch passes. If the branch is not taken, the reference leaves the stack.
  const Value is_null = insert_.compare(Condition::eq, stack_.back(), null_like(stack_.back()));
  const Reachability result = branch_to(depth, is_null, false);
  pop();
  return result;
}

// --- i31 references: bit 0 is 1, and the number is in bits 1 to 31

void Builder::ref_i31() {
  const Value shifted = insert_.binary(Opcode::ishl, Type::i32, pop(), insert_.iconst(Type::i32, 1));
  const Value bits = insert_.binary(Opcode::ior, Type::i32, shifted, insert_.iconst(Type::i32, 1));
  push(insert_.unary(Opcode::gc_from_bits, Type::gcref, bits));
}

void Builder::i31_get(wasm::Opcode opcode) {
  const Value reference = pop();
  if (!is_non_null(reference)) {
    insert_.trap_if(insert_.compare(Condition::eq, reference, null_like(reference)),
                    wasm::TrapKind::null_i31_reference);
  }
  const Opcode shift = opcode == wasm::Opcode::i31_get_s ? Opcode::sshr : Opcode::ushr;
  push(insert_.binary(shift, Type::i32, insert_.unary(Opcode::gc_bits, Type::i32, reference),
                      insert_.iconst(Type::i32, 1)));
}

// --- addresses computed from references

ir::Value Builder::gc_address(Value base, Value reference) {
  Instruction inst;
  inst.opcode = Opcode::gc_address;
  inst.type = Type::i64;
  inst.operands[0] = base;
  inst.operands[1] = reference;
  MemoryAccess access;
  access.alias = AliasClass::heap_layout;
  inst.extra = function_.add_access(access);
  return insert_.place(inst);
}

}  // namespace cairn::compiler

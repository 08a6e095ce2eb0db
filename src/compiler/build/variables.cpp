// Builds constants, selections, and accesses to globals.
#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using ir::AliasClass;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;

void Builder::select(wasm::ValType type) {
  const Value condition = pop();
  const Value if_zero = pop();
  const Value if_nonzero = pop();
  push(insert_.select(context_.to_ir(type), condition, if_nonzero, if_zero));
}

void Builder::constant(wasm::ValType type, uint64_t bits) {
  const Type in_ir = context_.to_ir(type);
  push(ir::is_float(in_ir) ? insert_.fconst(in_ir, bits) : insert_.iconst(in_ir, static_cast<int64_t>(bits)));
}

ir::Value Builder::zero_of(Type type) {
  if (type == Type::v128) {
    Instruction inst;
    inst.opcode = Opcode::vconst;
    inst.type = type;
    inst.immediate = function_.add_vector_constant(ir::V128{});
    return insert_.emit(inst);
  }
  return ir::is_float(type) ? insert_.fconst(type, 0) : insert_.iconst(type, 0);
}

// Returns the place of a global's value. The VMContext has the value of a defined global, and a pointer to that of an
// imported global. Imported globals may be the same, so accesses to all of them have the same index.
Builder::Cell Builder::global_cell(wasm::GlobalIndex index) {
  const wasm::Global& global = module_.globals[index.index()];
  Cell cell;
  cell.access.size = static_cast<uint8_t>(size_of(context_.to_ir(global.type.type)));
  cell.access.alias = global.type.mutability == wasm::Mutability::mutable_ ? AliasClass::global : AliasClass::immutable;
  cell.access.index = global.is_imported ? kNone : index.index();
  cell.displacement = 0;
  if (global.is_imported) {
    MemoryAccess pointer;
    pointer.size = 8;
    pointer.alias = AliasClass::immutable;
    cell.base = insert_.load(Type::i64, Value::none(),
                             static_cast<int64_t>(context_.layout().global_import(index.index())), pointer);
  } else {
    cell.displacement =
        static_cast<int64_t>(context_.layout().defined_global(index.index() - module_.imported_globals));
  }
  return cell;
}

void Builder::global_get(wasm::GlobalIndex index) {
  const wasm::Global& global = module_.globals[index.index()];
  const Type type = context_.to_ir(global.type.type);
  // A global that cannot change and has a constant initializer is replaced by its value.
  if (insert_.simplifies() && !global.is_imported && global.type.mutability == wasm::Mutability::immutable &&
      global.initializer.size() == 1 && global.initializer[0].kind == wasm::ConstOp::Kind::value) {
    const wasm::ConstOp& value = global.initializer[0];
    if (type == Type::v128) return constant_v128(value.bits, value.high_bits);
    return constant(global.type.type, value.bits);
  }
  const Cell cell = global_cell(index);
  push(insert_.load(type, cell.base, cell.displacement, cell.access));
}

void Builder::global_set(wasm::GlobalIndex index) {
  const Value value = pop();
  const Cell cell = global_cell(index);
  Instruction inst;
  inst.opcode = Opcode::store;
  inst.operands[0] = cell.base;
  inst.operands[1] = value;
  inst.immediate = cell.displacement;
  inst.extra = function_.add_access(cell.access);
  insert_.place(inst);
}

}  // namespace cairn::compiler

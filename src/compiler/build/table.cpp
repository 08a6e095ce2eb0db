// Builds accesses to elements of tables with bounds checks, and instructions on ranges of tables.
#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using abi::Builtin;
using ir::AliasClass;
using ir::Condition;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using wasm::AddressType;
using wasm::TrapKind;

namespace {

bool has_fixed_size(const wasm::TableType& type) { return type.limits.maximum == type.limits.minimum; }

// Returns the alias class of the pointers VMTable::elements and VMTable::changed, which change if the table grows.
AliasClass pointer_alias(const wasm::TableType& type) {
  return has_fixed_size(type) ? AliasClass::immutable : AliasClass::table_header;
}

}  // namespace

wasm::AddressType Builder::table_address(wasm::TableIndex table) const {
  return module_.tables[table.index()].type.address;
}

ir::Type Builder::table_type(wasm::TableIndex table) const {
  return context_.to_ir(module_.tables[table.index()].type.element);
}

// Returns an access to an element. Imported tables may be the same, so accesses to all imported tables have the same
// index.
MemoryAccess Builder::element_access(wasm::TableIndex table) const {
  MemoryAccess access;
  access.size = static_cast<uint8_t>(size_of(table_type(table)));  // for a gcref, the low half of the element's word
  access.alias = AliasClass::table;
  access.index = module_.tables[table.index()].is_imported ? kNone : table.index();
  return access;
}

// Returns a reference as the 64-bit word that builtins take for elements of tables.
ir::Value Builder::table_word(Value value) {
  if (function_[value].type != Type::gcref) return value;
  return insert_.unary(Opcode::bitcast, Type::ref, gc_address(Value::none(), value));
}

ir::Value Builder::table_length(wasm::TableIndex index) {
  const wasm::Table& table = module_.tables[index.index()];
  if (has_fixed_size(table.type)) {
    return insert_.iconst(Type::i64, static_cast<int64_t>(table.type.limits.minimum));
  }
  return load_table_field(index, offsetof(abi::VMTable, length), AliasClass::table_header);
}

// Loads the 64-bit word at `offset` in the table's VMTable.
ir::Value Builder::load_table_field(wasm::TableIndex index, int64_t offset, AliasClass alias) {
  const bool is_imported = module_.tables[index.index()].is_imported;
  MemoryAccess access;
  access.size = 8;
  access.alias = alias;
  access.index = is_imported ? kNone : index.index();
  if (!is_imported) {
    const uint64_t record = context_.layout().defined_table(index.index() - module_.imported_tables);
    return insert_.load(Type::i64, Value::none(), static_cast<int64_t>(record) + offset, access);
  }
  MemoryAccess pointer;
  pointer.size = 8;
  pointer.alias = AliasClass::immutable;
  const Value record = insert_.load(Type::i64, Value::none(),
                                    static_cast<int64_t>(context_.layout().table_import(index.index())), pointer);
  return insert_.load(Type::i64, record, offset, access);
}

ir::Value Builder::check_element(wasm::TableIndex table, Value element, TrapKind out_of_bounds) {
  const Value wide = widen(element, table_address(table));
  return checked(wide, Condition::ult, wide, table_length(table), out_of_bounds);
}

ir::Value Builder::table_element_address(wasm::TableIndex table, Value element) {
  const AliasClass alias = pointer_alias(module_.tables[table.index()].type);
  Instruction address;
  address.opcode = Opcode::array_address;
  address.type = Type::i64;
  address.operands[0] = load_table_field(table, offsetof(abi::VMTable, elements), alias);
  address.operands[1] = element;
  address.immediate = 8;
  return insert_.emit(address);
}

ir::Value Builder::load_element(wasm::TableIndex table, Value index, TrapKind out_of_bounds) {
  const Value address = table_element_address(table, check_element(table, index, out_of_bounds));
  return insert_.load(table_type(table), address, 0, element_access(table));
}

void Builder::table_get(wasm::TableIndex table) {
  push(load_element(table, pop(), TrapKind::out_of_bounds_table_access));
}

// Tells the collector that the piece of the table that holds the element with the index `element` is about to change. A
// piece has abi::kTablePiece elements and a state in VMTable::changed.
void Builder::note_table_change(wasm::TableIndex index, Value element) {
  const wasm::Table& table = module_.tables[index.index()];
  const Value changed = load_table_field(index, offsetof(abi::VMTable, changed), pointer_alias(table.type));
  const Value piece = insert_.binary(Opcode::ushr, Type::i64, element, insert_.iconst(Type::i64, abi::kTablePieceLog2));
  Instruction inst;
  inst.opcode = Opcode::store;
  inst.operands[0] = insert_.binary(Opcode::iadd, Type::i64, changed, piece);
  inst.operands[1] = insert_.iconst(Type::i32, static_cast<int64_t>(abi::PieceState::changed));
  MemoryAccess access;
  access.size = 1;
  access.alias = AliasClass::runtime;
  access.index = kNone;
  inst.extra = function_.add_access(access);
  insert_.place(inst);
}

void Builder::table_set(wasm::TableIndex table) {
  const Value value = pop();
  const Value element = check_element(table, pop(), TrapKind::out_of_bounds_table_access);
  const Value address = table_element_address(table, element);
  if (table_type(table) == Type::gcref && !is_no_object(value)) note_table_change(table, element);
  Instruction inst;
  inst.opcode = Opcode::store;
  inst.operands[0] = address;
  inst.operands[1] = value;
  MemoryAccess access = element_access(table);
  access.size = 8;
  inst.extra = function_.add_access(access);
  insert_.place(inst);
}

void Builder::table_size(wasm::TableIndex table) { push(narrow(table_length(table), table_address(table))); }

void Builder::table_grow(wasm::TableIndex table) {
  const AddressType type = table_address(table);
  const Value delta = widen(pop(), type);
  const Value initial = table_word(pop());
  const Value arguments[] = {insert_.iconst(Type::i32, table.index()), delta, initial};
  push(narrow(call_builtin(Builtin::table_grow, arguments), type));
}

void Builder::table_fill(wasm::TableIndex table) {
  const AddressType type = table_address(table);
  const Value length = widen(pop(), type);
  const Value value = table_word(pop());
  const Value start = widen(pop(), type);
  const Value arguments[] = {insert_.iconst(Type::i32, table.index()), start, value, length};
  check_status(call_builtin(Builtin::table_fill, arguments), TrapKind::out_of_bounds_table_access);
}

void Builder::table_copy(wasm::TableIndex destination, wasm::TableIndex source) {
  copy_range(Builtin::table_copy, {destination.index(), table_address(destination)},
             {source.index(), table_address(source)}, TrapKind::out_of_bounds_table_access);
}

void Builder::table_init(wasm::ElemIndex elem, wasm::TableIndex table) {
  copy_range(Builtin::table_init, {table.index(), table_address(table)}, {elem.index(), AddressType::i32},
             TrapKind::out_of_bounds_table_access);
}

void Builder::elem_drop(wasm::ElemIndex elem) { drop_segment(Builtin::elem_drop, elem.index()); }

}  // namespace cairn::compiler

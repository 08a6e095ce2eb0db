// Builds calls of functions and of the runtime's builtins.
#include "compiler/build/builder.hpp"
#include "wasm/type_equivalence.hpp"

namespace cairn::compiler {

using ir::AliasClass;
using ir::CalleeKind;
using ir::CallInfo;
using ir::Condition;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using wasm::TrapKind;

ir::Value Builder::checked(Value value, Condition condition, Value a, Value b, TrapKind trap) {
  if (!context_.options().mask) {
    insert_.trap_if(insert_.compare(inverted(condition), a, b), trap);
    return value;
  }
  Instruction inst;
  inst.opcode = Opcode::checked;
  inst.type = function_[value].type;
  inst.aux = static_cast<uint8_t>(condition);
  inst.operands[0] = value;
  inst.operands[1] = a;
  inst.operands[2] = b;
  inst.extra = static_cast<uint32_t>(trap);
  return insert_.emit(inst);
}

void Builder::call(wasm::FuncIndex callee, const wasm::FuncType& type) {
  make_call(direct(callee), context_.signature(callee));
  note_results(type);
}

void Builder::call_indirect(wasm::TypeIndex type_index, wasm::TableIndex table, const wasm::FuncType& type) {
  make_call(indirect(type_index, table), context_.signature(type_index));
  note_results(type);
}

void Builder::call_ref(wasm::TypeIndex type_index, const wasm::FuncType& type) {
  make_call({CalleeKind::reference, 0, pop()}, context_.signature(type_index));
  note_results(type);
}

void Builder::note_results(const wasm::FuncType& type) {
  const auto count = static_cast<uint32_t>(type.results.size());
  for (uint32_t i = 0; i < count; ++i) note_type(top(count)[i], type.results[i]);
}

void Builder::return_call(wasm::FuncIndex callee, const wasm::FuncType&) {
  make_return_call(direct(callee), context_.signature(callee));
}

void Builder::return_call_indirect(wasm::TypeIndex type_index, wasm::TableIndex table, const wasm::FuncType&) {
  make_return_call(indirect(type_index, table), context_.signature(type_index));
}

void Builder::return_call_ref(wasm::TypeIndex type_index, const wasm::FuncType&) {
  make_return_call({CalleeKind::reference, 0, pop()}, context_.signature(type_index));
}

Builder::Callee Builder::direct(wasm::FuncIndex function) const {
  const bool is_imported = module_.functions[function.index()].is_imported;
  return {is_imported ? CalleeKind::import : CalleeKind::direct, function.index(), Value::none()};
}

Builder::Callee Builder::indirect(wasm::TypeIndex type, wasm::TableIndex table) {
  Value reference = load_element(table, pop(), TrapKind::undefined_element);
  const wasm::ValType element = module_.tables[table.index()].type.element;
  if (!wasm::matches(module_.types, element.heap(), wasm::HeapType::of(type))) {
    // The load of the type id traps if the reference is null.
    MemoryAccess access;
    access.size = 4;
    access.alias = AliasClass::immutable;
    access.can_fault = true;
    access.trap = TrapKind::uninitialized_element;
    const Value actual = insert_.load(Type::i32, reference, offsetof(abi::VMFuncRef, type_id), access);
    if (module_.types[type.index()].is_final) {
      reference = checked(reference, Condition::eq, actual, type_id(type), TrapKind::indirect_call_type_mismatch);
    } else {
      const auto heap = wasm::HeapType::of(type);
      const auto target = wasm::ValType::reference(wasm::Nullability::non_null, heap);
      const auto source = wasm::ValType::reference(wasm::Nullability::non_null, wasm::HeapType::func);
      reference = checked(reference, Condition::ne, test_type(reference, target, source), insert_.iconst(Type::i32, 0),
                          TrapKind::indirect_call_type_mismatch);
    }
  }
  return {CalleeKind::reference, 0, reference, TrapKind::uninitialized_element};
}

namespace {

// Appends the call's arguments to Function::value_lists and returns the CallInfo.
CallInfo call_record(ir::Function& function, CalleeKind kind, uint32_t callee, ir::Value reference,
                     const ir::Signature& signature, std::span<const ir::Value> arguments) {
  CallInfo info;
  info.kind = kind;
  info.callee = callee;
  info.signature = signature;
  info.first_argument = static_cast<uint32_t>(function.value_lists.size());
  info.argument_count = static_cast<uint32_t>(arguments.size()) + (reference ? 1 : 0);
  if (reference) function.value_lists.push_back(reference);
  function.value_lists.append(arguments);
  return info;
}

}  // namespace

void Builder::make_call(const Callee& callee, const ir::Signature& signature) {
  const auto count = static_cast<uint32_t>(signature.params.size());
  CallInfo info = call_record(function_, callee.kind, callee.index, callee.reference, signature, top(count));
  info.null_trap = callee.null_trap;
  drop_values(count);
  if (handler_ != kNone) return make_invoke(info);
  Instruction inst;
  inst.opcode = Opcode::call;
  inst.extra = function_.add_call(info);
  if (!signature.results.empty()) inst.type = signature.results[0];
  const Value first = insert_.place(inst);
  if (!signature.results.empty()) push(first);
  for (size_t i = 1; i < signature.results.size(); ++i) {
    Instruction result;
    result.opcode = Opcode::result;
    result.type = signature.results[i];
    result.operands[0] = first;
    result.immediate = static_cast<int64_t>(i);
    push(insert_.place(result));
  }
}

void Builder::make_return_call(const Callee& callee, const ir::Signature& signature) {
  const auto count = static_cast<uint32_t>(signature.params.size());
  CallInfo info = call_record(function_, callee.kind, callee.index, callee.reference, signature, top(count));
  info.null_trap = callee.null_trap;
  drop_values(count);
  Instruction inst;
  inst.opcode = Opcode::return_call;
  inst.extra = function_.add_call(info);
  terminate(inst);
}

namespace {

// Returns the IR type for a letter of a builtin's signature (abi/builtins.def).
ir::Type builtin_type(char letter) {
  switch (letter) {
    case 'i': return ir::Type::i32;
    case 'l':
    case 'p': return ir::Type::i64;
    case 'r': return ir::Type::ref;
    case 'g': return ir::Type::gcref;
    default: return ir::Type::none;
  }
}

}  // namespace

ir::Value Builder::call_builtin(abi::Builtin builtin, std::span<const Value> arguments) {
  const abi::BuiltinSignature signature = abi::signature_of(builtin);
  CAIRN_ASSERT(signature.parameters.size() == arguments.size());
  const Type result = builtin_type(signature.result[0]);
  const std::span<Type> types = function_.add_types(arguments.size() + 1);
  for (size_t i = 0; i < arguments.size(); ++i) types[i] = builtin_type(signature.parameters[i]);
  types.back() = result;
  const ir::Signature in_ir = {types.first(arguments.size()), types.last(result == Type::none ? 0 : 1)};
  Instruction inst;
  inst.opcode = Opcode::call;
  inst.type = result;
  inst.extra = function_.add_call(
      call_record(function_, CalleeKind::builtin, static_cast<uint32_t>(builtin), Value::none(), in_ir, arguments));
  return insert_.place(inst);
}

}  // namespace cairn::compiler

// Helpers for tests of calls: they build calls in IR, and references to the functions that an instance imports.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "compiler/rv64/testing/execution.hpp"

namespace cairn::rv64 {

using ir::Block;
using ir::CalleeKind;
using ir::Function;
using ir::Opcode;
using ir::Type;
using ir::Value;

// The byte offset of the first imported function's VMFuncRef in the VMContext (Program::add_import). The fixed part of
// 80 bytes and 32 words of imports lie before it (struct Context in qemu/run_code.c).
inline constexpr int64_t kFirstReference = 80 + 256;

// Returns a copy of the types that lives as long as the function.
inline std::span<ir::Type> types_of(Function& f, const std::vector<Type>& types) {
  const std::span<Type> result = f.add_types(types.size());
  std::copy(types.begin(), types.end(), result.begin());
  return result;
}

// Appends a call or a tail call (`opcode`). `callee` is the number of a function, import or builtin, as `kind` says;
// for a reference, the first of `arguments` is the reference. Returns the first result of a call, and appends the other
// results to `more`.
inline Value append_call(Function& f, Block b, Opcode opcode, CalleeKind kind, uint32_t callee,
                         const std::vector<Type>& params, const std::vector<Type>& results,
                         std::vector<Value> arguments, std::vector<Value>* more = nullptr) {
  ir::CallInfo info;
  info.kind = kind;
  info.callee = callee;
  info.signature = {types_of(f, params), types_of(f, results)};
  info.first_argument = f.add_values(arguments);
  info.argument_count = static_cast<uint32_t>(arguments.size());
  const bool is_tail = opcode == Opcode::return_call;
  ir::Instruction call = instruction(opcode, results.empty() || is_tail ? Type::none : results[0]);
  call.extra = f.add_call(info);
  call.position = 4711;  // any number
  const Value value = f.append(b, call);
  for (size_t i = 1; !is_tail && i < results.size(); ++i) {
    const Value result = f.append(b, instruction(Opcode::result, results[i], {value}, static_cast<int64_t>(i)));
    if (more != nullptr) more->push_back(result);
  }
  return value;
}

// Appends instructions that compute the reference to the function of import `number`. Returns the reference.
inline Value function_reference(Function& f, Block b, uint32_t number) {
  const Value context = f.append(b, instruction(Opcode::vmctx, Type::i64));
  const Value offset = constant(f, b, Type::i64, kFirstReference + 32 * int64_t{number});
  const Value sum = f.append(b, instruction(Opcode::iadd, Type::i64, {context, offset}));
  return f.append(b, instruction(Opcode::bitcast, Type::ref, {sum}));
}

}  // namespace cairn::rv64

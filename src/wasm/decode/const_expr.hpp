// Decodes constant expressions ([wasm 3.4.13]) to ConstOps, and validates them on the way.
#pragma once

#include "wasm/validation/validation_state.hpp"

namespace cairn::wasm {

class ConstExprReader : private ValidationState {
 public:
  // `module` is the module being decoded. The reader marks the functions that ref.func names as escaped.
  explicit ConstExprReader(Module& module) : ValidationState(module), module_to_mark_(&module) {}

  // Reads an expression of the given type, with its `end`. The expression can refer only to globals decoded before it.
  // Returns false if the expression is malformed or invalid; `in` then holds the error.
  bool read(ByteReader& in, ValType type, ConstExpr& expr);

 private:
  bool read_ops(ConstExpr& expr);
  bool read_op(Opcode opcode, ConstOp& op);
  bool read_arithmetic(Opcode opcode, ConstOp& op);

  Module* module_to_mark_;
  FuncType type_;  // the type [] -> [type] of the expression that is being read
};

}  // namespace cairn::wasm

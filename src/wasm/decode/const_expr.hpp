// Constant expressions ([wasm 3.4.12]): decoded to ConstOps and validated on the way.
#pragma once

#include "wasm/validation/validation_state.hpp"

namespace cairn::wasm {

class ConstExprReader : private ValidationState {
 public:
  // `module` is the one being decoded; functions that ref.func names are marked as escaped.
  explicit ConstExprReader(Module& module) : ValidationState(module), module_to_mark_(&module) {}

  // Reads an expression of a type, with its `end`. Only globals that the module has so far exist.
  bool read(ByteReader& in, ValType type, ConstExpr& expr);

 private:
  bool read_ops(ConstExpr& expr);
  bool read_op(Opcode opcode, ConstOp& op);
  bool read_arithmetic(Opcode opcode, ConstOp& op);

  Module* module_to_mark_;
  FuncType type_;  // [] -> [type]
};

}  // namespace cairn::wasm

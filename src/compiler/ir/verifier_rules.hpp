// The rules of the verifier for single instructions: about the types of operands and results, the properties of memory
// accesses, the number of targets, and the places of `result`, invoke_result and caught.
#pragma once

#include <optional>
#include <string>

#include "compiler/ir/control_flow.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::ir {

class InstructionRules {
 public:
  // The first failure is stored in `error`.
  InstructionRules(const Function& function, const ControlFlow& flow, std::optional<std::string>& error)
      : function_(function), flow_(flow), error_(error) {}

  // Checks one instruction. Its operands must exist.
  void check(Value v);
  // Stores a failure of `v`, unless there is one already.
  void fail(Value v, const std::string& what);

 private:
  [[nodiscard]] Type type_of(Value v) const { return function_[v].type; }
  // Fails if operand number `operand` of `v` has another type. A missing operand passes. expect_all() does this for all
  // operands.
  void expect(Value v, size_t operand, Type type);
  void expect_all(Value v, Type type);
  // Fails if `condition`, which is about the type of the operand or of the result, is false.
  void expect_any(Value v, size_t operand, bool condition);
  void expect_result(Value v, bool condition);

  // Each of these functions checks the opcodes of one family, and returns false for other opcodes.
  bool check_constant(Value v);
  bool check_integer(Value v);
  bool check_float(Value v);
  bool check_vector(Value v);
  bool check_memory(Value v);
  bool check_object(Value v);
  bool check_control(Value v);

  void check_target_count(Value v);
  void check_access(Value v);
  void check_atomic(Value v);
  void check_call(Value v);
  void check_landed(Value v);
  void check_result(Value v);
  void check_return(Value v);

  const Function& function_;
  const ControlFlow& flow_;
  std::optional<std::string>& error_;
};

}  // namespace cairn::ir

// Removes block parameters that are always the same value.
//
//   jump block1(v0, v1)                       jump block1(v1)
//   block1(v2: i32, v3: i32):          =>     block1(v3: i32):
//     branch v3, block1(v2, v4), ...            branch v3, block1(v4), ...      v0 replaces v2
//
// The value of each parameter is unknown at first. The first known argument becomes its value. If a later argument
// differs, the parameter becomes a value of its own. Each change is passed on to the parameters that get the changed
// parameter as an argument. A parameter changes at most twice. Equal constants count as one value; a copy of the
// constant is made in the parameter's block.
#include "compiler/opt/passes.hpp"
#include "compiler/opt/rewrite.hpp"

namespace cairn::opt {

using ir::Block;
using ir::Function;
using ir::Opcode;
using ir::Target;
using ir::Value;

namespace {

class ParamSimplifier {
 public:
  ParamSimplifier(Function& function, Analyses& analyses)
      : function_(function),
        flow_(analyses.flow()),
        values_(function.arena),
        first_user_(function.arena),
        users_(function.arena),
        work_(function.arena) {}

  void run() {
    values_.assign(function_.value_count(), Value::none());
    first_user_.assign(function_.value_count() + 1, 0);
    for_each_argument([&](Value argument, Value) {
      if (is_param(argument)) ++first_user_[argument.index() + 1];
    });
    for (size_t i = 1; i < first_user_.size(); ++i) first_user_[i] += first_user_[i - 1];
    users_.resize(first_user_.back());
    ScratchVector<uint32_t> filled(function_.arena);
    filled.append(first_user_.as_span());
    for_each_argument([&](Value argument, Value param) {
      if (is_param(argument)) users_[filled[argument.index()]++] = param;
    });

    for (const Value param : function_.params(Block(0))) values_[param.index()] = param;
    for_each_argument([&](Value argument, Value param) { meet(param, argument); });
    while (!work_.empty()) {
      const Value changed = work_.back();
      work_.pop_back();
      for (uint32_t i = first_user_[changed.index()]; i < first_user_[changed.index() + 1]; ++i) {
        meet(users_[i], changed);
      }
    }
    replace();
  }

 private:
  bool is_param(Value value) const { return function_[value].opcode == Opcode::block_param; }
  bool is_constant(Value value) const {
    return function_[value].opcode == Opcode::iconst || function_[value].opcode == Opcode::fconst;
  }
  bool equal(Value a, Value b) const {
    return a == b || (is_constant(a) && is_constant(b) && function_[a].type == function_[b].type &&
                      function_[a].immediate == function_[b].immediate);
  }

  template <class F>
  void for_each_argument(F f) {
    for (const Block block : flow_.order()) {
      for (const Target& target : function_.targets(function_.terminator(block))) {
        const auto params = function_.params(target.block);
        const auto arguments = function_.arguments(target);
        for (size_t i = 0; i < params.size(); ++i) f(arguments[i], params[i]);
      }
    }
  }

  // Takes an argument for the parameter into account.
  void meet(Value param, Value argument) {
    Value& value = values_[param.index()];
    const Value incoming = is_param(argument) ? values_[argument.index()] : argument;
    if (!incoming || incoming == param || value == param) return;
    if (!value) {
      value = incoming;
    } else if (!equal(value, incoming)) {
      value = param;
    } else {
      return;
    }
    work_.push_back(param);
  }

  void replace() {
    Replacements replacements(function_);
    const std::span<bool> is_dead = function_.arena.make_span<bool>(function_.value_count());
    for (const Block block : flow_.order()) {
      const size_t count = function_.params(block).size();
      for (size_t i = 0; i < count; ++i) {
        const Value param = function_.params(block)[i];
        Value value = values_[param.index()];
        if (!value || value == param) continue;
        is_dead[param.index()] = true;
        if (is_constant(value)) {
          const ir::Instruction copy = function_[value];
          value = function_.insert_before(function_[block].first, copy);
        }
        replacements.replace(param, value);
      }
    }
    if (!replacements.any()) return;
    replacements.apply(function_);
    remove_params(function_, is_dead);
  }

  Function& function_;
  const ir::ControlFlow& flow_;
  ScratchVector<Value> values_;  // for each parameter: none while unknown, the parameter itself if its arguments differ
  // users_ has lists of parameters. The list of those that get the parameter p as an argument begins at index
  // first_user_[p] and ends before index first_user_[p + 1].
  ScratchVector<uint32_t> first_user_;
  ScratchVector<Value> users_;
  ScratchVector<Value> work_;  // the parameters whose values_ have changed and have not been passed on yet
};

}  // namespace

void simplify_params(Function& function, Analyses& analyses) { ParamSimplifier(function, analyses).run(); }

}  // namespace cairn::opt

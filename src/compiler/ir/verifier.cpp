#include "compiler/ir/verifier.hpp"

#include "base/format.hpp"
#include "compiler/ir/control_flow.hpp"
#include "compiler/ir/effects.hpp"
#include "compiler/ir/names.hpp"
#include "compiler/ir/verifier_rules.hpp"

namespace cairn::ir {

namespace {

class Verifier {
 public:
  explicit Verifier(const Function& function)
      : function_(function),
        flow_(function),
        dominators_(function, flow_),
        positions_(function.arena),
        rules_(function, flow_, error_) {}

  std::optional<std::string> run() {
    if (!chains_are_sound()) return error_;
    number();
    for (const Block block : flow_.order()) {
      for (const Value param : function_.params(block)) {
        if (function_[param].type == Type::none) fail(param, "a parameter without a type");
      }
      for (Value v = function_[block].first; v; v = function_.next(v)) {
        check(v);
        if (error_) return error_;
      }
    }
    return error_;
  }

  // Checks the rules that must hold before the control-flow graph can be made: about empty blocks, terminators and
  // targets.
  static std::optional<std::string> check_ends(const Function& function) {
    const auto bad = [](Block block, const char* what) {
      return "block " + decimal(block.index()) + ": " + std::string(what);
    };
    if (function.block_count() == 0) return "there are no blocks";
    for (uint32_t b = 0; b < function.block_count(); ++b) {
      const Block block(b);
      const Value last = function.terminator(block);
      if (!last) {
        if (b == 0) return bad(block, "the entry is empty");
        continue;
      }
      if (facts(function[last].opcode).effects != Effects::control) return bad(block, "no terminator");
      for (const Target& target : function.targets(last)) {
        if (!target.block || target.block.index() >= function.block_count()) return bad(block, "bad target");
        if (target.block.index() == 0) return bad(block, "a branch to the entry");
        if (!function[target.block].first) return bad(block, "a branch to an empty block");
      }
    }
    return std::nullopt;
  }

 private:
  void fail(Value v, const std::string& what) { rules_.fail(v, what); }
  [[nodiscard]] Type type_of(Value v) const { return function_[v].type; }

  // Checks the chain of instructions and the list of parameters of each block.
  bool chains_are_sound() {
    for (uint32_t b = 0; b < function_.block_count(); ++b) {
      const Block block(b);
      Value previous;
      for (Value v = function_[block].first; v; v = function_.next(v)) {
        if (function_.block_of(v) != block) fail(v, "is in another block's chain");
        if (function_.previous(v) != previous) fail(v, "has a wrong link back");
        if (function_[v].opcode == Opcode::block_param) fail(v, "a parameter in a chain");
        const bool is_last = !function_.next(v);
        if ((facts(function_[v].opcode).effects == Effects::control) != is_last) fail(v, "a misplaced terminator");
        if (is_last && function_[block].last != v) fail(v, "not the last of its block");
        previous = v;
        if (error_) return false;
      }
      uint32_t position = 0;
      for (const Value param : function_.params(block)) {
        if (function_[param].opcode != Opcode::block_param || function_.block_of(param) != block ||
            function_[param].immediate != position) {
          fail(param, "a bad parameter");
        }
        ++position;
        if (error_) return false;
      }
    }
    return true;
  }

  // Gives each instruction a position in its block, counted from 1, to check dominance within the block. Parameters
  // have position 0.
  void number() {
    positions_.assign(function_.value_count(), 0);
    for (const Block block : flow_.order()) {
      uint32_t position = 1;
      for (Value v = function_[block].first; v; v = function_.next(v)) positions_[v.index()] = position++;
    }
  }

  // Checks that the operand `used` of `user` exists, has a value, and dominates `user`.
  void check_use(Value user, Value used) {
    if (used.index() >= function_.value_count()) return fail(user, "uses a value that does not exist");
    const Block from = function_.block_of(used);
    if (!from) return fail(user, "uses the removed value " + decimal(used.index()));
    const bool is_landed = function_[user].opcode == Opcode::invoke_result || function_[user].opcode == Opcode::caught;
    if (function_[used].type == Type::none && !is_landed)
      return fail(user, "uses value " + decimal(used.index()) + " without result");
    const Block at = function_.block_of(user);
    const bool dominated = from == at ? positions_[used.index()] < positions_[user.index()]
                                      : flow_.is_reachable(from) && dominators_.dominates(from, at);
    if (!dominated) fail(user, "is not dominated by its operand " + decimal(used.index()));
  }

  void check(Value v) {
    const std::span<const Value> operands = function_.operands(v);
    for (size_t i = 0; i < operands.size(); ++i) {
      if (operands[i]) {
        check_use(v, operands[i]);
      } else if (!may_be_missing(function_[v].opcode, i)) {
        fail(v, "operand " + decimal(uint64_t{i}) + " is missing");
      }
      if (error_) return;
    }
    rules_.check(v);
    for (const Target& target : function_.targets(v)) {
      const auto params = function_.params(target.block);
      const auto arguments = function_.arguments(target);
      if (params.size() != arguments.size()) return fail(v, "a wrong number of arguments");
      for (size_t i = 0; i < params.size(); ++i) {
        check_use_at_end(v, arguments[i]);
        if (error_) return;
        if (type_of(arguments[i]) != type_of(params[i])) {
          return fail(
              v, "argument " + decimal(uint64_t{i}) + " has type " + std::string(to_string(type_of(arguments[i]))));
        }
      }
    }
  }
  void check_use_at_end(Value terminator, Value used) {
    if (!used) return fail(terminator, "an argument is missing");
    check_use(terminator, used);
  }

  // Whether the operand with this position may be none.
  static bool may_be_missing(Opcode opcode, size_t operand) {
    if (is_heap_access(opcode)) return operand == 1;
    switch (opcode) {
      case Opcode::load:
      case Opcode::store:
      case Opcode::gc_address:
      case Opcode::gc_test: return operand == 0;
      case Opcode::gc_new: return operand == 1;
      case Opcode::gc_barrier: return operand == 2;
      default: return false;
    }
  }

  const Function& function_;
  ControlFlow flow_;
  Dominators dominators_;
  ArenaVector<uint32_t> positions_;
  std::optional<std::string> error_;
  InstructionRules rules_;
};

}  // namespace

std::optional<std::string> verify(const Function& function) {
  if (auto error = Verifier::check_ends(function)) return error;
  return Verifier(function).run();
}

}  // namespace cairn::ir

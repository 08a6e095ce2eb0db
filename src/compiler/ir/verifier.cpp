#include "compiler/ir/verifier.hpp"

#include "base/format.hpp"
#include "compiler/ir/control_flow.hpp"
#include "compiler/ir/effects.hpp"
#include "compiler/ir/names.hpp"

namespace cairn::ir {

namespace {

class Verifier {
 public:
  explicit Verifier(const Function& function)
      : function_(function), flow_(function), dominators_(function, flow_), positions_(function.arena) {}

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

  // Must hold before the control flow graph is looked at.
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
  void fail(Value v, const std::string& what) {
    if (error_) return;
    error_ = "value " + decimal(v.index()) + " (" + std::string(facts(function_[v].opcode).text) + "): " + what;
  }

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

  // Positions within blocks, for dominance inside of one.
  void number() {
    positions_.assign(function_.value_count(), 0);
    for (const Block block : flow_.order()) {
      uint32_t position = 1;
      for (Value v = function_[block].first; v; v = function_.next(v)) positions_[v.index()] = position++;
    }
  }

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

  [[nodiscard]] Type type_of(Value v) const { return function_[v].type; }

  void expect(Value v, size_t operand, Type type) {
    const Value used = function_.operands(v)[operand];
    if (used && type_of(used) != type) {
      fail(v, "operand " + decimal(uint64_t{operand}) + " has type " + std::string(to_string(type_of(used))) +
                  " instead of " + std::string(to_string(type)));
    }
  }
  void expect_result(Value v, bool condition) {
    if (!condition) fail(v, "cannot have type " + std::string(to_string(type_of(v))));
  }
  void expect_any(Value v, size_t operand, bool condition) {
    if (!condition) {
      const Value used = function_.operands(v)[operand];
      fail(v, "operand " + decimal(uint64_t{operand}) + " cannot have type " + std::string(to_string(type_of(used))));
    }
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
    check_types(v);
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

  void check_types(Value v) {
    const Instruction& inst = function_[v];
    const auto operands = function_.operands(v);
    const Type type = inst.type;
    const bool is_int = type == Type::i32 || type == Type::i64;
    switch (inst.opcode) {
      case Opcode::iconst: return expect_result(v, is_integer(type));
      case Opcode::fconst: return expect_result(v, is_float(type));
      case Opcode::vconst: return expect_result(v, type == Type::v128);
      case Opcode::vmctx: return expect_result(v, type == Type::i64);
      case Opcode::type_id: return expect_result(v, type == Type::i32);
      case Opcode::iadd:
      case Opcode::isub:
      case Opcode::imul:
      case Opcode::sdiv:
      case Opcode::udiv:
      case Opcode::srem:
      case Opcode::urem:
      case Opcode::iand:
      case Opcode::ior:
      case Opcode::ixor:
      case Opcode::ishl:
      case Opcode::sshr:
      case Opcode::ushr:
      case Opcode::rotl:
      case Opcode::rotr:
      case Opcode::clz:
      case Opcode::ctz:
      case Opcode::popcnt:
      case Opcode::sext8:
      case Opcode::sext16: expect_result(v, is_int); return expect_all(v, type);
      case Opcode::sext32:
      case Opcode::add128:
      case Opcode::sub128:
      case Opcode::mul_wide_s:
      case Opcode::mul_wide_u: expect_result(v, type == Type::i64); return expect_all(v, Type::i64);
      case Opcode::sextend:
      case Opcode::uextend: expect_result(v, type == Type::i64); return expect(v, 0, Type::i32);
      case Opcode::wrap: expect_result(v, type == Type::i32); return expect(v, 0, Type::i64);
      case Opcode::icmp:
        expect_result(v, type == Type::i32);
        expect_any(v, 0, is_integer(type_of(operands[0])));
        if (inst.condition() >= Condition::feq) fail(v, "a condition of floats");
        return expect(v, 1, type_of(operands[0]));
      case Opcode::fcmp:
        expect_result(v, type == Type::i32);
        expect_any(v, 0, is_float(type_of(operands[0])));
        if (inst.condition() < Condition::feq) fail(v, "a condition of integers");
        return expect(v, 1, type_of(operands[0]));
      case Opcode::select:
        expect(v, 0, Type::i32);
        expect(v, 1, type);
        return expect(v, 2, type);
      case Opcode::fadd:
      case Opcode::fsub:
      case Opcode::fmul:
      case Opcode::fdiv:
      case Opcode::fmin:
      case Opcode::fmax:
      case Opcode::fcopysign:
      case Opcode::fabs:
      case Opcode::fneg:
      case Opcode::fsqrt:
      case Opcode::fceil:
      case Opcode::ffloor:
      case Opcode::ftrunc:
      case Opcode::fnearest: expect_result(v, is_float(type)); return expect_all(v, type);
      case Opcode::fpromote: expect_result(v, type == Type::f64); return expect(v, 0, Type::f32);
      case Opcode::fdemote: expect_result(v, type == Type::f32); return expect(v, 0, Type::f64);
      case Opcode::trunc_s:
      case Opcode::trunc_u:
      case Opcode::trunc_sat_s:
      case Opcode::trunc_sat_u: expect_result(v, is_int); return expect_any(v, 0, is_float(type_of(operands[0])));
      case Opcode::convert_s:
      case Opcode::convert_u:
        expect_result(v, is_float(type));
        return expect_any(v, 0, type_of(operands[0]) == Type::i32 || type_of(operands[0]) == Type::i64);
      case Opcode::bitcast:
        expect_result(v, type != Type::none && type != Type::v128 && type != Type::gcref);
        expect_any(v, 0, type_of(operands[0]) != Type::gcref);
        return expect_any(v, 0, size_of(type_of(operands[0])) == size_of(type));
      case Opcode::simd_unary:
      case Opcode::simd_extract: return expect_result(v, type != Type::none);
      case Opcode::simd_binary:
      case Opcode::simd_ternary:
      case Opcode::simd_shuffle:
      case Opcode::simd_replace: expect_result(v, type == Type::v128); return expect(v, 0, Type::v128);
      case Opcode::heap_load:
      case Opcode::heap_store:
      case Opcode::heap_load_lane:
      case Opcode::heap_store_lane:
      case Opcode::heap_load_splat:
      case Opcode::heap_load_zero:
      case Opcode::heap_load_extend:
        expect_any(v, 0, is_integer(type_of(operands[0])) && type_of(operands[0]) != Type::ref);
        expect(v, 1, Type::i64);
        check_access(v);
        return;
      case Opcode::atomic_load:
      case Opcode::atomic_store:
      case Opcode::atomic_rmw:
      case Opcode::atomic_cas: return check_atomic(v);
      case Opcode::load:
      case Opcode::store:
        if (operands[0]) expect_any(v, 0, type_of(operands[0]) == Type::i64 || type_of(operands[0]) == Type::ref);
        check_access(v);
        return;
      case Opcode::array_address:
        expect_result(v, type == Type::i64);
        expect(v, 0, Type::i64);
        return expect_any(v, 1, type_of(operands[1]) == Type::i32 || type_of(operands[1]) == Type::i64);
      case Opcode::gc_address:
        expect_result(v, type == Type::i64);
        expect(v, 0, Type::i64);
        expect(v, 1, Type::gcref);
        return check_access(v);
      case Opcode::gc_bits: expect_result(v, type == Type::i32); return expect(v, 0, Type::gcref);
      case Opcode::gc_from_bits:
        expect_result(v, type == Type::gcref);
        return expect_any(v, 0, type_of(operands[0]) == Type::i32 || type_of(operands[0]) == Type::i64);
      case Opcode::gc_new:
        expect_result(v, type == Type::gcref);
        expect(v, 0, Type::i64);
        expect(v, 1, Type::i32);
        return check_access(v);
      case Opcode::gc_test:
        expect_result(v, type == Type::i32);
        expect(v, 0, Type::i64);
        return expect(v, 1, operands[0] ? Type::gcref : Type::ref);
      case Opcode::gc_barrier:
        expect(v, 0, Type::i64);
        expect(v, 1, Type::gcref);
        expect(v, 2, Type::i32);
        return check_access(v);
      case Opcode::trap_if:
      case Opcode::trap_unless:
      case Opcode::branch:
      case Opcode::br_table:
        if (inst.opcode != Opcode::trap_if && inst.opcode != Opcode::trap_unless) check_target_count(v);
        return expect(v, 0, Type::i32);
      case Opcode::jump: return check_target_count(v);
      case Opcode::call:
      case Opcode::return_call: return check_call(v);
      case Opcode::invoke: check_target_count(v); return check_call(v);
      case Opcode::invoke_result:
      case Opcode::caught: return check_landed(v);
      case Opcode::result: return check_result(v);
      case Opcode::return_: {
        if (operands.size() != function_.signature.results.size()) return fail(v, "a wrong number of results");
        for (size_t i = 0; i < operands.size(); ++i) expect(v, i, function_.signature.results[i]);
        return;
      }
      case Opcode::trap:
      case Opcode::fence:
      case Opcode::block_param: return;
    }
  }

  void expect_all(Value v, Type type) {
    for (size_t i = 0; i < function_.operands(v).size(); ++i) expect(v, i, type);
  }

  void check_target_count(Value v) {
    const size_t count = function_.targets(v).size();
    const Opcode opcode = function_[v].opcode;
    if (opcode == Opcode::jump                                 ? count != 1
        : opcode == Opcode::branch || opcode == Opcode::invoke ? count != 2
                                                               : count == 0) {
      fail(v, "a wrong number of targets");
    }
  }

  void check_access(Value v) {
    const MemoryAccess& access = function_.memory_access(v);
    const unsigned size = access.size;
    if (size == 0 || size > 16 || (size & (size - 1)) != 0) return fail(v, "a bad access size");
    const Opcode opcode = function_[v].opcode;
    if (opcode == Opcode::heap_load || opcode == Opcode::load) {
      const unsigned full = size_of(type_of(v));
      if (size > full || (size < full) != (access.extension != Extension::none)) fail(v, "size does not fit the type");
    }
    if (opcode == Opcode::heap_store || opcode == Opcode::store) {
      const Value value = function_[v].operands[opcode == Opcode::store ? 1 : 2];
      // A reference may be stored with zeros above.
      if (size > size_of(type_of(value)) && !(type_of(value) == Type::gcref && size == 8))
        fail(v, "size does not fit the type");
    }
    if (facts(opcode).effects == Effects::writes && access.alias == AliasClass::immutable) {
      fail(v, "writes what is immutable");
    }
  }

  void check_atomic(Value v) {
    const auto operands = function_.operands(v);
    const MemoryAccess& access = function_.memory_access(v);
    const Type type = function_[v].opcode == Opcode::atomic_store ? type_of(operands[2]) : type_of(v);
    if (type != Type::i32 && type != Type::i64) return fail(v, "an atomic access of no integer");
    expect_any(v, 0, type_of(operands[0]) == Type::i32 || type_of(operands[0]) == Type::i64);
    expect(v, 1, Type::i64);
    for (size_t i = 2; i < operands.size(); ++i) expect(v, i, type);
    const bool extends = function_[v].opcode != Opcode::atomic_store && access.size < size_of(type);
    if (access.size > size_of(type) || access.extension != (extends ? Extension::zero : Extension::none)) {
      fail(v, "size does not fit the type");
    }
    if (access.alias != AliasClass::memory) fail(v, "an atomic access of what is no guest memory");
    check_access(v);
  }

  void check_call(Value v) {
    const CallInfo& call = function_.call_info(v);
    auto arguments = function_.operands(v);
    if (call.kind == CalleeKind::reference) {
      if (arguments.empty() || type_of(arguments[0]) != Type::ref) return fail(v, "no reference to call");
      arguments = arguments.subspan(1);
    }
    if (arguments.size() != call.signature.params.size()) return fail(v, "a wrong number of arguments");
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (type_of(arguments[i]) != call.signature.params[i]) {
        return fail(v,
                    "argument " + decimal(uint64_t{i}) + " has type " + std::string(to_string(type_of(arguments[i]))));
      }
    }
    const bool is_call = function_[v].opcode == Opcode::call;
    const Type first = call.signature.results.empty() || !is_call ? Type::none : call.signature.results[0];
    if (type_of(v) != first) fail(v, "does not have the type of the first result");
  }

  // invoke_result and caught.
  void check_landed(Value v) {
    const Value of = function_[v].operands[0];
    if (function_[of].opcode != Opcode::invoke) return fail(v, "not of an invoke");
    const bool is_exception = function_[v].opcode == Opcode::caught;
    if (is_exception) {
      expect_result(v, type_of(v) == Type::gcref);
    } else {
      const auto results = function_.call_info(of).signature.results;
      const auto position = static_cast<size_t>(function_[v].immediate);
      if (position >= results.size()) return fail(v, "no such result");
      if (type_of(v) != results[position]) return fail(v, "does not have the type of the result");
    }
    const Block block = function_.block_of(v);
    if (function_.targets(of)[is_exception ? 1 : 0].block != block || flow_.predecessors(block).size() != 1) {
      return fail(v, "is not where only its invoke leads");
    }
    for (Value before = function_.previous(v); before; before = function_.previous(before)) {
      if (function_[before].opcode != function_[v].opcode) return fail(v, "is not at the start of its block");
    }
  }

  void check_result(Value v) {
    const Value of = function_[v].operands[0];
    const auto position = static_cast<size_t>(function_[v].immediate);
    switch (function_[of].opcode) {
      case Opcode::call: {
        const auto results = function_.call_info(of).signature.results;
        if (position == 0 || position >= results.size()) return fail(v, "no such result");
        if (type_of(v) != results[position]) return fail(v, "does not have the type of the result");
        break;
      }
      case Opcode::add128:
      case Opcode::sub128:
      case Opcode::mul_wide_s:
      case Opcode::mul_wide_u:
        if (position != 1 || type_of(v) != Type::i64) return fail(v, "no such result");
        break;
      default: return fail(v, "of what has one result only");
    }
    Value before = function_.previous(v);
    while (before && before != of && function_[before].opcode == Opcode::result) before = function_.previous(before);
    if (before != of) fail(v, "does not follow what it is a result of");
  }

  const Function& function_;
  ControlFlow flow_;
  Dominators dominators_;
  ArenaVector<uint32_t> positions_;
  std::optional<std::string> error_;
};

}  // namespace

std::optional<std::string> verify(const Function& function) {
  if (auto error = Verifier::check_ends(function)) return error;
  return Verifier(function).run();
}

}  // namespace cairn::ir

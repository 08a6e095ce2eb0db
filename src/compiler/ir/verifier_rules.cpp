#include "compiler/ir/verifier_rules.hpp"

#include "base/assert.hpp"
#include "base/format.hpp"
#include "compiler/ir/effects.hpp"
#include "compiler/ir/names.hpp"

namespace cairn::ir {

void InstructionRules::fail(Value v, const std::string& what) {
  if (error_) return;
  error_ = "value " + decimal(v.index()) + " (" + std::string(facts(function_[v].opcode).text) + "): " + what;
}

void InstructionRules::expect(Value v, size_t operand, Type type) {
  const Value used = function_.operands(v)[operand];
  if (used && type_of(used) != type) {
    fail(v, "operand " + decimal(uint64_t{operand}) + " has type " + std::string(to_string(type_of(used))) +
                " instead of " + std::string(to_string(type)));
  }
}
void InstructionRules::expect_result(Value v, bool condition) {
  if (!condition) fail(v, "cannot have type " + std::string(to_string(type_of(v))));
}
void InstructionRules::expect_any(Value v, size_t operand, bool condition) {
  if (!condition) {
    const Value used = function_.operands(v)[operand];
    fail(v, "operand " + decimal(uint64_t{operand}) + " cannot have type " + std::string(to_string(type_of(used))));
  }
}

void InstructionRules::expect_all(Value v, Type type) {
  for (size_t i = 0; i < function_.operands(v).size(); ++i) expect(v, i, type);
}

void InstructionRules::check(Value v) {
  const bool is_known = check_constant(v) || check_integer(v) || check_float(v) || check_vector(v) || check_memory(v) ||
                        check_object(v) || check_control(v);
  CAIRN_ASSERT(is_known);
}

bool InstructionRules::check_constant(Value v) {
  const Type type = type_of(v);
  switch (function_[v].opcode) {
    case Opcode::iconst: expect_result(v, is_integer(type)); break;
    case Opcode::fconst: expect_result(v, is_float(type)); break;
    case Opcode::vconst: expect_result(v, type == Type::v128); break;
    case Opcode::vmctx: expect_result(v, type == Type::i64); break;
    case Opcode::type_id: expect_result(v, type == Type::i32); break;
    default: return false;
  }
  return true;
}

bool InstructionRules::check_integer(Value v) {
  const Instruction& inst = function_[v];
  const auto operands = function_.operands(v);
  const Type type = type_of(v);
  const bool is_int = type == Type::i32 || type == Type::i64;
  switch (inst.opcode) {
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
    case Opcode::sext16:
      expect_result(v, is_int);
      expect_all(v, type);
      break;
    case Opcode::sext32:
    case Opcode::add128:
    case Opcode::sub128:
    case Opcode::mul_wide_s:
    case Opcode::mul_wide_u:
      expect_result(v, type == Type::i64);
      expect_all(v, Type::i64);
      break;
    case Opcode::sextend:
    case Opcode::uextend:
      expect_result(v, type == Type::i64);
      expect(v, 0, Type::i32);
      break;
    case Opcode::wrap:
      expect_result(v, type == Type::i32);
      expect(v, 0, Type::i64);
      break;
    case Opcode::icmp:
      expect_result(v, type == Type::i32);
      expect_any(v, 0, is_integer(type_of(operands[0])));
      if (inst.condition() >= Condition::feq) fail(v, "a condition of floats");
      expect(v, 1, type_of(operands[0]));
      break;
    case Opcode::checked:
      expect_result(v, is_integer(type));
      expect(v, 0, type);
      expect_any(v, 1, is_integer(type_of(operands[1])));
      if (inst.condition() >= Condition::feq) fail(v, "a condition of floats");
      expect(v, 2, type_of(operands[1]));
      break;
    case Opcode::select:
      expect(v, 0, Type::i32);
      expect(v, 1, type);
      expect(v, 2, type);
      break;
    default: return false;
  }
  return true;
}

bool InstructionRules::check_float(Value v) {
  const Instruction& inst = function_[v];
  const auto operands = function_.operands(v);
  const Type type = type_of(v);
  const bool is_int = type == Type::i32 || type == Type::i64;
  switch (inst.opcode) {
    case Opcode::fcmp:
      expect_result(v, type == Type::i32);
      expect_any(v, 0, is_float(type_of(operands[0])));
      if (inst.condition() < Condition::feq) fail(v, "a condition of integers");
      expect(v, 1, type_of(operands[0]));
      break;
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
    case Opcode::fnearest:
      expect_result(v, is_float(type));
      expect_all(v, type);
      break;
    case Opcode::fpromote:
      expect_result(v, type == Type::f64);
      expect(v, 0, Type::f32);
      break;
    case Opcode::fdemote:
      expect_result(v, type == Type::f32);
      expect(v, 0, Type::f64);
      break;
    case Opcode::trunc_s:
    case Opcode::trunc_u:
    case Opcode::trunc_sat_s:
    case Opcode::trunc_sat_u:
      expect_result(v, is_int);
      expect_any(v, 0, is_float(type_of(operands[0])));
      break;
    case Opcode::convert_s:
    case Opcode::convert_u:
      expect_result(v, is_float(type));
      expect_any(v, 0, type_of(operands[0]) == Type::i32 || type_of(operands[0]) == Type::i64);
      break;
    case Opcode::bitcast:
      expect_result(v, type != Type::none && type != Type::v128 && type != Type::gcref);
      expect_any(v, 0, type_of(operands[0]) != Type::gcref);
      expect_any(v, 0, size_of(type_of(operands[0])) == size_of(type));
      break;
    default: return false;
  }
  return true;
}

bool InstructionRules::check_vector(Value v) {
  const Type type = type_of(v);
  switch (function_[v].opcode) {
    case Opcode::simd_unary:
    case Opcode::simd_extract: expect_result(v, type != Type::none); break;
    case Opcode::simd_binary:
    case Opcode::simd_ternary:
    case Opcode::simd_shuffle:
    case Opcode::simd_replace:
      expect_result(v, type == Type::v128);
      expect(v, 0, Type::v128);
      break;
    default: return false;
  }
  return true;
}

bool InstructionRules::check_memory(Value v) {
  const auto operands = function_.operands(v);
  const Type type = type_of(v);
  switch (function_[v].opcode) {
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
      break;
    case Opcode::atomic_load:
    case Opcode::atomic_store:
    case Opcode::atomic_rmw:
    case Opcode::atomic_cas: check_atomic(v); break;
    case Opcode::load:
    case Opcode::store:
      if (operands[0]) expect_any(v, 0, type_of(operands[0]) == Type::i64 || type_of(operands[0]) == Type::ref);
      check_access(v);
      break;
    case Opcode::array_address:
      expect_result(v, type == Type::i64);
      expect(v, 0, Type::i64);
      expect_any(v, 1, type_of(operands[1]) == Type::i32 || type_of(operands[1]) == Type::i64);
      break;
    default: return false;
  }
  return true;
}

bool InstructionRules::check_object(Value v) {
  const auto operands = function_.operands(v);
  const Type type = type_of(v);
  switch (function_[v].opcode) {
    case Opcode::gc_address:
      expect_result(v, type == Type::i64);
      expect(v, 0, Type::i64);
      expect(v, 1, Type::gcref);
      check_access(v);
      break;
    case Opcode::gc_bits:
      expect_result(v, type == Type::i32);
      expect(v, 0, Type::gcref);
      break;
    case Opcode::gc_from_bits:
      expect_result(v, type == Type::gcref);
      expect_any(v, 0, type_of(operands[0]) == Type::i32 || type_of(operands[0]) == Type::i64);
      break;
    case Opcode::gc_new:
      expect_result(v, type == Type::gcref);
      expect(v, 0, Type::i64);
      expect(v, 1, Type::i32);
      check_access(v);
      break;
    case Opcode::gc_test:
      expect_result(v, type == Type::i32);
      expect(v, 0, Type::i64);
      expect(v, 1, operands[0] ? Type::gcref : Type::ref);
      break;
    case Opcode::gc_barrier:
      expect(v, 0, Type::i64);
      expect(v, 1, Type::gcref);
      expect(v, 2, Type::i32);
      check_access(v);
      break;
    default: return false;
  }
  return true;
}

bool InstructionRules::check_control(Value v) {
  switch (function_[v].opcode) {
    case Opcode::trap_if:
    case Opcode::trap_unless: expect(v, 0, Type::i32); break;
    case Opcode::branch:
    case Opcode::br_table:
      check_target_count(v);
      expect(v, 0, Type::i32);
      break;
    case Opcode::jump: check_target_count(v); break;
    case Opcode::call:
    case Opcode::return_call: check_call(v); break;
    case Opcode::invoke:
      check_target_count(v);
      check_call(v);
      break;
    case Opcode::invoke_result:
    case Opcode::caught: check_landed(v); break;
    case Opcode::result: check_result(v); break;
    case Opcode::return_: check_return(v); break;
    case Opcode::trap:
    case Opcode::fence:
    case Opcode::block_param: break;
    default: return false;
  }
  return true;
}

void InstructionRules::check_target_count(Value v) {
  const size_t count = function_.targets(v).size();
  const Opcode opcode = function_[v].opcode;
  if (opcode == Opcode::jump                                 ? count != 1
      : opcode == Opcode::branch || opcode == Opcode::invoke ? count != 2
                                                             : count == 0) {
    fail(v, "a wrong number of targets");
  }
}

void InstructionRules::check_access(Value v) {
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
    // A store of 8 bytes may write a gcref and zeros above it.
    if (size > size_of(type_of(value)) && !(type_of(value) == Type::gcref && size == 8))
      fail(v, "size does not fit the type");
  }
  if (facts(opcode).effects == Effects::writes && access.alias == AliasClass::immutable) {
    fail(v, "writes what is immutable");
  }
}

void InstructionRules::check_atomic(Value v) {
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

void InstructionRules::check_call(Value v) {
  const CallInfo& call = function_.call_info(v);
  auto arguments = function_.operands(v);
  if (call.kind == CalleeKind::reference) {
    if (arguments.empty() || type_of(arguments[0]) != Type::ref) return fail(v, "no reference to call");
    arguments = arguments.subspan(1);
  }
  if (arguments.size() != call.signature.params.size()) return fail(v, "a wrong number of arguments");
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (type_of(arguments[i]) != call.signature.params[i]) {
      return fail(v, "argument " + decimal(uint64_t{i}) + " has type " + std::string(to_string(type_of(arguments[i]))));
    }
  }
  const bool is_call = function_[v].opcode == Opcode::call;
  const Type first = call.signature.results.empty() || !is_call ? Type::none : call.signature.results[0];
  if (type_of(v) != first) fail(v, "does not have the type of the first result");
}

// Checks invoke_result and caught.
void InstructionRules::check_landed(Value v) {
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

void InstructionRules::check_result(Value v) {
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

void InstructionRules::check_return(Value v) {
  const auto operands = function_.operands(v);
  if (operands.size() != function_.signature.results.size()) return fail(v, "a wrong number of results");
  for (size_t i = 0; i < operands.size(); ++i) expect(v, i, function_.signature.results[i]);
}

}  // namespace cairn::ir

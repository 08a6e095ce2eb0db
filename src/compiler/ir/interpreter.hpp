// A simple evaluator of scalar IR, for tests of the builder and the passes. Calls, vector instructions, operations of
// the managed heap (gc_...), array_address, and some operations on floats end the evaluation with
// Outcome::Kind::unsupported.
#pragma once

#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "compiler/ir/fold.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::ir {

struct Outcome {
  enum class Kind : uint8_t { returned, trapped, out_of_steps, unsupported };
  Kind kind = Kind::returned;
  std::vector<uint64_t> results;                      // the upper bits of an i32 or f32 are zero
  wasm::TrapKind trap = wasm::TrapKind::unreachable;  // the trap, if kind is `trapped`
  Opcode unsupported = Opcode::trap;                  // the operation, if kind is `unsupported`
};

class Interpreter {
 public:
  // `context` stands for the VMContext, which is at address 0 for the function, and `memory` for memory 0. The function
  // that is evaluated changes both.
  Interpreter(const Function& function, std::vector<std::byte>& context, std::vector<std::byte>& memory)
      : function_(function), context_(context), memory_(memory), values_(function.value_count(), 0) {}

  // Evaluates the function from its start, for at most `max_steps` instructions. The upper bits of an argument that is
  // an i32 or f32 do not count. run() may be called once for each Interpreter.
  Outcome run(const std::vector<uint64_t>& arguments, size_t max_steps) {
    const auto params = function_.params(Block(0));
    for (size_t i = 0; i < params.size(); ++i) set(params[i], arguments[i]);
    Value at = function_[Block(0)].first;
    for (size_t step = 0; step < max_steps; ++step) {
      const Instruction& inst = function_[at];
      if (facts(inst.opcode).effects != Effects::control) {
        if (!execute(at)) return outcome_;
        at = function_.next(at);
        continue;
      }
      const auto targets = function_.targets(at);
      size_t taken = 0;
      switch (inst.opcode) {
        case Opcode::jump: break;
        case Opcode::branch: taken = get(inst.operands[0]) != 0 ? 0 : 1; break;
        case Opcode::br_table: taken = std::min<size_t>(get(inst.operands[0]), targets.size() - 1); break;
        case Opcode::trap: return trapped(inst.trap_kind());
        case Opcode::return_:
          for (const Value value : function_.operands(at)) outcome_.results.push_back(get(value));
          return outcome_;
        default: return unsupported(inst.opcode);
      }
      std::vector<uint64_t> passed;
      for (const Value argument : function_.arguments(targets[taken])) passed.push_back(get(argument));
      const auto to = function_.params(targets[taken].block);
      for (size_t i = 0; i < to.size(); ++i) set(to[i], passed[i]);
      at = function_[targets[taken].block].first;
    }
    outcome_.kind = Outcome::Kind::out_of_steps;
    return outcome_;
  }

 private:
  uint64_t get(Value value) const { return values_[value.index()]; }
  void set(Value value, uint64_t bits) {
    values_[value.index()] = size_of(function_[value].type) == 4 ? bits & 0xffff'ffff : bits;
  }
  // Returns the value of an integer. An i32 is sign-extended.
  int64_t extended(Value value) const {
    return function_[value].type == Type::i32 ? static_cast<int32_t>(get(value)) : static_cast<int64_t>(get(value));
  }
  // Returns the value of a float. An f32 is converted to double exactly.
  double real(Value value) const {
    if (function_[value].type == Type::f64) return std::bit_cast<double>(get(value));
    return std::bit_cast<float>(static_cast<uint32_t>(get(value)));
  }
  // Sets a float. Every NaN becomes the canonical one, since WebAssembly leaves open which NaN an operation gives
  // ([wasm 4.3]).
  void set_real(Value value, double result) {
    if (function_[value].type == Type::f64) {
      set(value, std::isnan(result) ? 0x7ff8'0000'0000'0000 : std::bit_cast<uint64_t>(result));
    } else {
      const auto single = static_cast<float>(result);
      set(value, std::isnan(single) ? 0x7fc0'0000 : std::bit_cast<uint32_t>(single));
    }
  }
  Outcome trapped(wasm::TrapKind kind) {
    outcome_.kind = Outcome::Kind::trapped;
    outcome_.trap = kind;
    return outcome_;
  }
  Outcome unsupported(Opcode opcode) {
    outcome_.kind = Outcome::Kind::unsupported;
    outcome_.unsupported = opcode;
    return outcome_;
  }

  bool compare_real(Condition condition, double a, double b) {
    switch (condition) {
      case Condition::feq: return a == b;
      case Condition::fne: return a != b;
      case Condition::flt: return a < b;
      case Condition::fle: return a <= b;
      case Condition::fgt: return a > b;
      default: return a >= b;
    }
  }

  // Loads from `bytes` into `v`, or stores `stored` if there is one. Returns false for a trap.
  bool access(Value v, std::vector<std::byte>& bytes, uint64_t address, const MemoryAccess& how, Value stored) {
    if (address > bytes.size() || how.size > bytes.size() - address) return trapped(how.trap), false;
    uint64_t bits = 0;
    if (stored) {
      bits = get(stored);
      std::memcpy(bytes.data() + address, &bits, how.size);
      return true;
    }
    std::memcpy(&bits, bytes.data() + address, how.size);
    if (how.extension == Extension::sign) {
      const unsigned shift = 64 - how.size * 8U;
      bits = static_cast<uint64_t>(static_cast<int64_t>(bits << shift) >> shift);
    }
    set(v, bits);
    return true;
  }

  // Evaluates an atomic access. Returns false for a trap.
  bool atomic(Value v) {
    const Instruction& inst = function_[v];
    const auto operands = function_.operands(v);
    const MemoryAccess& how = function_.memory_access(v);
    const uint64_t address = get(operands[0]) + how.offset;
    if (address > memory_.size() || how.size > memory_.size() - address) return trapped(how.trap), false;
    uint64_t old = 0;
    std::memcpy(&old, memory_.data() + address, how.size);
    uint64_t value = old;
    if (inst.opcode == Opcode::atomic_store) value = get(operands[2]);
    if (inst.opcode == Opcode::atomic_rmw) {
      const uint64_t by = get(operands[2]);
      switch (inst.atomic_op()) {
        case AtomicOp::add: value = old + by; break;
        case AtomicOp::sub: value = old - by; break;
        case AtomicOp::and_: value = old & by; break;
        case AtomicOp::or_: value = old | by; break;
        case AtomicOp::xor_: value = old ^ by; break;
        case AtomicOp::xchg: value = by; break;
      }
    }
    // An atomic_cas that accesses fewer bytes than its type has compares only the low bytes.
    if (inst.opcode == Opcode::atomic_cas && ((old ^ get(operands[2])) << (64 - how.size * 8U)) == 0) {
      value = get(operands[3]);
    }
    std::memcpy(memory_.data() + address, &value, how.size);
    if (inst.type != Type::none) set(v, old);
    return true;
  }

  // Evaluates an instruction that is not a terminator. Returns false if the evaluation ends there; outcome_ then says
  // how.
  bool execute(Value v) {
    const Instruction& inst = function_[v];
    const Value a = inst.operands[0];
    const Value b = inst.operands[1];
    switch (inst.opcode) {
      case Opcode::iconst:
      case Opcode::fconst: set(v, static_cast<uint64_t>(inst.immediate)); return true;
      case Opcode::vmctx: set(v, 0); return true;
      case Opcode::icmp:
        set(v, fold_compare(inst.condition(), function_[a].type, extended(a), extended(b)) ? 1 : 0);
        return true;
      case Opcode::fcmp: set(v, compare_real(inst.condition(), real(a), real(b)) ? 1 : 0); return true;
      case Opcode::select: set(v, get(get(a) != 0 ? b : inst.operands[2])); return true;
      case Opcode::mul_wide_u:
      case Opcode::mul_wide_s: set(v, get(a) * get(b)); return true;
      case Opcode::result: {
        const Instruction& of = function_[a];
        if (of.opcode != Opcode::mul_wide_u && of.opcode != Opcode::mul_wide_s) break;
        const Value x = of.operands[0];
        const Value y = of.operands[1];
        uint64_t high = static_cast<uint64_t>(static_cast<unsigned __int128>(get(x)) * get(y) >> 64);
        if (of.opcode == Opcode::mul_wide_s) {
          if (extended(x) < 0) high -= get(y);
          if (extended(y) < 0) high -= get(x);
        }
        set(v, high);
        return true;
      }
      case Opcode::fadd: set_real(v, real(a) + real(b)); return true;
      case Opcode::fsub: set_real(v, real(a) - real(b)); return true;
      case Opcode::fmul: set_real(v, real(a) * real(b)); return true;
      case Opcode::fdiv: set_real(v, real(a) / real(b)); return true;
      case Opcode::fsqrt: set_real(v, std::sqrt(real(a))); return true;
      case Opcode::convert_s: set_real(v, static_cast<double>(extended(a))); return true;
      case Opcode::fpromote:
      case Opcode::fdemote: set_real(v, real(a)); return true;
      case Opcode::fneg:
      case Opcode::fabs:
      case Opcode::fcopysign:
      case Opcode::bitcast:
        set(v, static_cast<uint64_t>(*fold_float_bits(inst.opcode, inst.type, static_cast<int64_t>(get(a)),
                                                      b ? static_cast<int64_t>(get(b)) : 0)));
        return true;
      case Opcode::trap_if:
      case Opcode::trap_unless:
        if ((get(a) != 0) != (inst.opcode == Opcode::trap_if)) return true;
        return trapped(inst.trap_kind()), false;
      case Opcode::checked:
        if (!fold_compare(inst.condition(), function_[b].type, extended(b), extended(inst.operands[2])))
          return trapped(inst.trap_kind()), false;
        set(v, get(a));
        return true;
      case Opcode::heap_load:
      case Opcode::heap_store: {
        const MemoryAccess& how = function_.memory_access(v);
        return access(v, memory_, get(a) + how.offset, how, inst.operands[2]);
      }
      case Opcode::atomic_load:
      case Opcode::atomic_store:
      case Opcode::atomic_rmw:
      case Opcode::atomic_cas: return atomic(v);
      case Opcode::fence: return true;
      case Opcode::load:
      case Opcode::store:
        return access(v, context_, (a ? get(a) : 0) + static_cast<uint64_t>(inst.immediate), function_.memory_access(v),
                      b);
      default: {
        if (inst.type != Type::i32 && inst.type != Type::i64) break;
        const auto folded = fold_integer(inst.opcode, inst.type, extended(a), b ? extended(b) : 0);
        if (folded) {
          set(v, static_cast<uint64_t>(*folded));
          return true;
        }
        if (facts(inst.opcode).effects != Effects::trapping) break;
        return trapped(get(b) == 0 ? wasm::TrapKind::integer_divide_by_zero : wasm::TrapKind::integer_overflow), false;
      }
    }
    unsupported(inst.opcode);
    return false;
  }

  const Function& function_;
  std::vector<std::byte>& context_;
  std::vector<std::byte>& memory_;
  std::vector<uint64_t> values_;
  Outcome outcome_;
};

}  // namespace cairn::ir

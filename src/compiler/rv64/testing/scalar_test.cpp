// Runs every scalar operation of the IR, and compares the results with what C++ computes: for all combinations of edge
// cases, with operands in registers and as constants, on machines with and without the optional instruction sets.
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>

#include "compiler/rv64/testing/execution.hpp"
#include "compiler/rv64/testing/scalar_cases.hpp"

namespace cairn::rv64 {
namespace {

using ir::Condition;
using ir::Opcode;
using ir::Type;
using ir::Value;
using namespace scalar;
using wasm::TrapKind;

// Adds functions and calls that test operations to a Program.
class Suite {
 public:
  explicit Suite(Program& program) : p_(program) {}

  // Computes the expected result from two operands, which are bits.
  using Reference = std::function<Expected(uint64_t, uint64_t)>;

  // Tests an operation on all pairs of operands, with each operand in a register and as a constant. `aux` is
  // ir::Instruction::aux.
  void binary(Opcode opcode, Type type, Type result, const Reference& reference, uint8_t aux = 0) {
    const auto values = samples(type);
    const auto build = [&](std::optional<uint64_t> left, std::optional<uint64_t> right) {
      std::vector<Type> params;
      if (!left) params.push_back(type);
      if (!right) params.push_back(type);
      return p_.add(params, {result}, [&](ir::Function& f) {
        const ir::Block b = f.create_block();
        const Value x = left ? constant(f, b, type, *left) : f.append_param(b, type);
        const Value y = right ? constant(f, b, type, *right) : f.append_param(b, type);
        const Value v = f.append(b, instruction(opcode, result, {x, y}, 0, aux));
        append_return(f, b, {&v, 1});
      });
    };
    const std::string name(ir::facts(opcode).text);
    const uint32_t plain = build({}, {});
    for (uint64_t x : values)
      for (uint64_t y : values)
        check(plain, name, {argument(type, x), argument(type, y)}, {x, y}, aux, reference(x, y));
    for (size_t i = 0; i < values.size(); ++i) {
      const uint64_t c = values[i];
      const uint32_t right = build({}, c), left = build(c, {});
      for (uint64_t x : values) {
        check(right, name + " constant right", {argument(type, x)}, {x, c}, aux, reference(x, c));
        if (i % 4 == 0) check(left, name + " constant left", {argument(type, x)}, {c, x}, aux, reference(c, x));
      }
    }
  }

  void unary(Opcode opcode, Type type, Type result, const std::function<Expected(uint64_t)>& reference) {
    const uint32_t f = p_.add({type}, {result}, [&](ir::Function& fn) {
      const ir::Block b = fn.create_block();
      const Value x = fn.append_param(b, type);
      const Value v = fn.append(b, instruction(opcode, result, {x}));
      append_return(fn, b, {&v, 1});
    });
    for (uint64_t x : samples(type))
      check(f, std::string(ir::facts(opcode).text), {argument(type, x)}, {x, 0}, 0, reference(x));
  }

  // Runs a compare as a value, and as the condition of a branch, a select and a trap.
  void condition(Opcode opcode, Type type, Condition c, const std::function<bool(uint64_t, uint64_t)>& reference) {
    const uint8_t aux = static_cast<uint8_t>(c);
    binary(opcode, type, Type::i32, [&](uint64_t a, uint64_t b) { return i32(reference(a, b)); }, aux);
    for (std::optional<uint64_t> right :
         {std::optional<uint64_t>(), std::optional<uint64_t>(0), std::optional<uint64_t>(1),
          std::optional<uint64_t>(type == Type::i32 ? 0xffff'ffff : ~uint64_t{0})}) {
      std::vector<Type> params = {type, Type::i64, Type::f64};
      const auto start = [&](ir::Function& f) {
        const ir::Block b = f.create_block();
        const Value x = f.append_param(b, type), p = f.append_param(b, Type::i64), q = f.append_param(b, Type::f64);
        const Value y = right ? constant(f, b, type, *right) : f.append_param(b, type);
        return std::tuple(b, f.append(b, instruction(opcode, Type::i32, {x, y}, 0, aux)), p, q);
      };
      if (!right) params.push_back(type);
      const uint32_t branch = p_.add(params, {Type::i64}, [&](ir::Function& f) {
        const auto [b, test, p, q] = start(f);
        const ir::Block yes = f.create_block(), no = f.create_block();
        ir::Instruction br = instruction(Opcode::branch, Type::none, {test});
        const ir::Target targets[] = {{yes}, {no}};
        f.set_targets(br, targets);
        f.append(b, br);
        append_return(f, yes, {&p, 1});
        const Value zero = constant(f, no, Type::i64, 77);
        append_return(f, no, {&zero, 1});
      });
      const uint32_t select = p_.add(params, {Type::i64}, [&](ir::Function& f) {
        const auto [b, test, p, q] = start(f);
        const Value other = constant(f, b, Type::i64, 77);
        const Value v = f.append(b, instruction(Opcode::select, Type::i64, {test, p, other}));
        append_return(f, b, {&v, 1});
      });
      const uint32_t fselect = p_.add(params, {Type::f64}, [&](ir::Function& f) {
        const auto [b, test, p, q] = start(f);
        const Value other = constant(f, b, Type::f64, 77);
        const Value v = f.append(b, instruction(Opcode::select, Type::f64, {test, q, other}));
        append_return(f, b, {&v, 1});
      });
      const uint32_t minmax = p_.add(params, {type}, [&](ir::Function& f) {
        const auto [b, test, p, q] = start(f);
        const Value x = f[test].operands[0], y = f[test].operands[1];
        const Value v = f.append(b, instruction(Opcode::select, type, {test, y, x}));
        append_return(f, b, {&v, 1});
      });
      const uint32_t trapping = p_.add(params, {Type::i64}, [&](ir::Function& f) {
        const auto [b, test, p, q] = start(f);
        f.append(b,
                 instruction(Opcode::trap_if, Type::none, {test}, 0, static_cast<uint8_t>(TrapKind::null_reference)));
        append_return(f, b, {&p, 1});
      });
      const uint32_t unless = p_.add(params, {Type::i64}, [&](ir::Function& f) {
        const auto [b, test, p, q] = start(f);
        f.append(b,
                 instruction(Opcode::trap_unless, Type::none, {test}, 0, static_cast<uint8_t>(TrapKind::cast_failure)));
        append_return(f, b, {&p, 1});
      });
      for (uint64_t x : samples(type))
        for (uint64_t y : samples(type)) {
          if (right && y != *right) continue;
          std::vector<ir::V128> arguments = {argument(type, x), slot_of<uint64_t>(12345), slot_of<uint64_t>(12345)};
          if (!right) arguments.push_back(argument(type, y));
          const bool holds = reference(x, y);
          const std::string name = "condition";
          check(branch, name + " branch", arguments, {x, y}, aux, i64(holds ? 12345 : 77));
          check(select, name + " select", arguments, {x, y}, aux, i64(holds ? 12345 : 77));
          check(fselect, name + " fselect", arguments, {x, y}, aux, i64(holds ? 12345 : 77));
          // A select moves bits, so a NaN keeps its bits.
          Expected moved = i64(holds ? y : x);
          moved.type = type == Type::i32 || type == Type::f32 ? Type::i32 : Type::i64;
          check(minmax, name + " min/max", arguments, {x, y}, aux, moved);
          check(trapping, name + " trap_if", arguments, {x, y}, aux,
                holds ? trap(TrapKind::null_reference) : i64(12345));
          check(unless, name + " trap_unless", arguments, {x, y}, aux,
                holds ? i64(12345) : trap(TrapKind::cast_failure));
        }
    }
  }

 private:
  // Adds a call of the function `f`. The operands and `aux` are for the message only.
  void check(uint32_t f, const std::string& name, std::vector<ir::V128> arguments, std::array<uint64_t, 2> operands,
             uint8_t aux, const Expected& expected) {
    p_.call(f, std::move(arguments), [=, machine = p_.machine().name](const Outcome& outcome) {
      if (matches(expected, outcome)) return;
      ADD_FAILURE() << machine << ": " << name << " (aux " << int{aux} << ") of 0x" << std::hex << operands[0] << ", 0x"
                    << operands[1] << ": "
                    << (outcome.trap
                            ? std::string(wasm::to_string(*outcome.trap))
                            : "0x" + (std::ostringstream() << std::hex << from_slot<uint64_t>(outcome.values[0])).str())
                    << ", expected "
                    << (expected.trap ? std::string(wasm::to_string(*expected.trap))
                                      : "0x" + (std::ostringstream() << std::hex << expected.value).str());
    });
  }
  Program& p_;
};

// Tests the operations on integers of the type U.
template <class U>
void integers(Suite& s, Type type) {
  using S = std::make_signed_t<U>;
  constexpr unsigned kWidth = sizeof(U) * 8;
  const auto out = [](U v) { return sizeof(U) == 4 ? i32(static_cast<uint32_t>(v)) : i64(v); };
  const auto plain = [&](Opcode opcode, auto f) {
    s.binary(opcode, type, type, [=](uint64_t a, uint64_t b) { return out(f(static_cast<U>(a), static_cast<U>(b))); });
  };
  plain(Opcode::iadd, [](U a, U b) { return static_cast<U>(a + b); });
  plain(Opcode::isub, [](U a, U b) { return static_cast<U>(a - b); });
  plain(Opcode::imul, [](U a, U b) { return static_cast<U>(a * b); });
  plain(Opcode::iand, [](U a, U b) { return a & b; });
  plain(Opcode::ior, [](U a, U b) { return a | b; });
  plain(Opcode::ixor, [](U a, U b) { return a ^ b; });
  plain(Opcode::ishl, [](U a, U b) { return static_cast<U>(a << (b % kWidth)); });
  plain(Opcode::ushr, [](U a, U b) { return a >> (b % kWidth); });
  plain(Opcode::sshr, [](U a, U b) { return static_cast<U>(static_cast<S>(a) >> (b % kWidth)); });
  plain(Opcode::rotl, [](U a, U b) { return std::rotl(a, static_cast<int>(b % kWidth)); });
  plain(Opcode::rotr, [](U a, U b) { return std::rotr(a, static_cast<int>(b % kWidth)); });
  const auto division = [&](Opcode opcode, bool overflows, auto f) {
    s.binary(opcode, type, type, [=](uint64_t x, uint64_t y) {
      const U a = static_cast<U>(x), b = static_cast<U>(y);
      if (b == 0) return trap(TrapKind::integer_divide_by_zero);
      if (static_cast<S>(b) == -1 && static_cast<S>(a) == std::numeric_limits<S>::min() && overflows)
        return trap(TrapKind::integer_overflow);
      return out(f(a, b));
    });
  };
  division(Opcode::udiv, false, [](U a, U b) { return a / b; });
  division(Opcode::urem, false, [](U a, U b) { return a % b; });
  division(Opcode::sdiv, true, [](U a, U b) { return static_cast<U>(static_cast<S>(a) / static_cast<S>(b)); });
  division(Opcode::srem, false, [](U a, U b) {
    return static_cast<S>(b) == -1 ? U{0} : static_cast<U>(static_cast<S>(a) % static_cast<S>(b));
  });
  const auto unary = [&](Opcode opcode, auto f) {
    s.unary(opcode, type, type, [=](uint64_t a) { return out(static_cast<U>(f(static_cast<U>(a)))); });
  };
  unary(Opcode::clz, [](U a) { return std::countl_zero(a); });
  unary(Opcode::ctz, [](U a) { return std::countr_zero(a); });
  unary(Opcode::popcnt, [](U a) { return std::popcount(a); });
  unary(Opcode::sext8, [](U a) { return static_cast<S>(static_cast<int8_t>(a)); });
  unary(Opcode::sext16, [](U a) { return static_cast<S>(static_cast<int16_t>(a)); });
  const auto compare = [&](Condition c, auto f) {
    s.condition(Opcode::icmp, type, c, [=](uint64_t a, uint64_t b) { return f(static_cast<U>(a), static_cast<U>(b)); });
  };
  compare(Condition::eq, [](U a, U b) { return a == b; });
  compare(Condition::ne, [](U a, U b) { return a != b; });
  compare(Condition::slt, [](U a, U b) { return static_cast<S>(a) < static_cast<S>(b); });
  compare(Condition::sle, [](U a, U b) { return static_cast<S>(a) <= static_cast<S>(b); });
  compare(Condition::sgt, [](U a, U b) { return static_cast<S>(a) > static_cast<S>(b); });
  compare(Condition::sge, [](U a, U b) { return static_cast<S>(a) >= static_cast<S>(b); });
  compare(Condition::ult, [](U a, U b) { return a < b; });
  compare(Condition::ule, [](U a, U b) { return a <= b; });
  compare(Condition::ugt, [](U a, U b) { return a > b; });
  compare(Condition::uge, [](U a, U b) { return a >= b; });
}

template <class F>
F as(uint64_t bits) {
  if constexpr (sizeof(F) == 4)
    return std::bit_cast<float>(static_cast<uint32_t>(bits));
  else
    return std::bit_cast<double>(bits);
}

// Tests the operations on floats of the type F.
template <class F>
void floats(Suite& s, Type type) {
  const auto out = [](F v) {
    if constexpr (sizeof(F) == 4)
      return f32(v);
    else
      return f64(v);
  };
  const auto binary = [&](Opcode opcode, auto f) {
    s.binary(opcode, type, type, [=](uint64_t a, uint64_t b) { return out(f(as<F>(a), as<F>(b))); });
  };
  binary(Opcode::fadd, [](F a, F b) { return a + b; });
  binary(Opcode::fsub, [](F a, F b) { return a - b; });
  binary(Opcode::fmul, [](F a, F b) { return a * b; });
  binary(Opcode::fdiv, [](F a, F b) { return a / b; });
  const auto extreme = [](F a, F b, bool is_min) {
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<F>::quiet_NaN();
    if (a == b) return std::signbit(a) == is_min ? a : b;
    return (a < b) == is_min ? a : b;
  };
  binary(Opcode::fmin, [=](F a, F b) { return extreme(a, b, true); });
  binary(Opcode::fmax, [=](F a, F b) { return extreme(a, b, false); });
  // fcopysign, fabs and fneg work on bits, so a NaN keeps its bits except the sign.
  using U = std::conditional_t<sizeof(F) == 4, uint32_t, uint64_t>;
  constexpr U kSign = U{1} << (sizeof(U) * 8 - 1);
  const auto raw = [](U v) { return sizeof(U) == 4 ? i32(static_cast<uint32_t>(v)) : i64(v); };
  s.binary(Opcode::fcopysign, type, type,
           [=](uint64_t a, uint64_t b) { return raw((static_cast<U>(a) & ~kSign) | (static_cast<U>(b) & kSign)); });
  s.unary(Opcode::fabs, type, type, [=](uint64_t a) { return raw(static_cast<U>(a) & ~kSign); });
  s.unary(Opcode::fneg, type, type, [=](uint64_t a) { return raw(static_cast<U>(a) ^ kSign); });
  s.unary(Opcode::fsqrt, type, type, [=](uint64_t a) { return out(std::sqrt(as<F>(a))); });
  s.unary(Opcode::fceil, type, type, [=](uint64_t a) { return out(std::ceil(as<F>(a))); });
  s.unary(Opcode::ffloor, type, type, [=](uint64_t a) { return out(std::floor(as<F>(a))); });
  s.unary(Opcode::ftrunc, type, type, [=](uint64_t a) { return out(std::trunc(as<F>(a))); });
  s.unary(Opcode::fnearest, type, type, [=](uint64_t a) { return out(std::nearbyint(as<F>(a))); });
  s.unary(Opcode::bitcast, type, sizeof(F) == 4 ? Type::i32 : Type::i64,
          [=](uint64_t a) { return raw(static_cast<U>(a)); });
  s.unary(Opcode::bitcast, sizeof(F) == 4 ? Type::i32 : Type::i64, type,
          [=](uint64_t a) { return raw(static_cast<U>(a)); });
  const auto compare = [&](Condition c, auto f) {
    s.condition(Opcode::fcmp, type, c, [=](uint64_t a, uint64_t b) { return f(as<F>(a), as<F>(b)); });
  };
  compare(Condition::feq, [](F a, F b) { return a == b; });
  compare(Condition::fne, [](F a, F b) { return a != b; });
  compare(Condition::flt, [](F a, F b) { return a < b; });
  compare(Condition::fle, [](F a, F b) { return a <= b; });
  compare(Condition::fgt, [](F a, F b) { return a > b; });
  compare(Condition::fge, [](F a, F b) { return a >= b; });

  const auto convert = [&]<class I>(I, Type integer) {
    const bool is_signed = std::is_signed_v<I>;
    const auto result = [](I v) {
      return sizeof(I) == 4 ? i32(static_cast<uint32_t>(v)) : i64(static_cast<uint64_t>(v));
    };
    const F low = static_cast<F>(std::numeric_limits<I>::min());
    const F high = std::ldexp(F{1}, static_cast<int>(sizeof(I) * 8 - (is_signed ? 1 : 0)));
    s.unary(is_signed ? Opcode::convert_s : Opcode::convert_u, integer, type,
            [=](uint64_t a) { return out(static_cast<F>(static_cast<I>(a))); });
    s.unary(is_signed ? Opcode::trunc_s : Opcode::trunc_u, type, integer, [=](uint64_t a) {
      const F x = as<F>(a);
      if (std::isnan(x)) return trap(TrapKind::invalid_conversion_to_integer);
      if (std::trunc(x) < low || x >= high) return trap(TrapKind::integer_overflow);
      return result(static_cast<I>(x));
    });
    s.unary(is_signed ? Opcode::trunc_sat_s : Opcode::trunc_sat_u, type, integer, [=](uint64_t a) {
      const F x = as<F>(a);
      if (std::isnan(x)) return result(0);
      if (std::trunc(x) < low) return result(std::numeric_limits<I>::min());
      if (x >= high) return result(std::numeric_limits<I>::max());
      return result(static_cast<I>(x));
    });
  };
  convert(int32_t{}, Type::i32);
  convert(uint32_t{}, Type::i32);
  convert(int64_t{}, Type::i64);
  convert(uint64_t{}, Type::i64);
}

class Rv64Scalar : public ::testing::TestWithParam<Machine> {};

TEST_P(Rv64Scalar, Integers32) {
  ASSERT_TRUE(Program::can_run()) << "needs qemu-riscv64, clang-22 and RISC-V's C library: tools/packages.txt";
  Program program(GetParam());
  Suite suite(program);
  integers<uint32_t>(suite, Type::i32);
  program.run();
}

TEST_P(Rv64Scalar, Integers64) {
  ASSERT_TRUE(Program::can_run()) << "needs qemu-riscv64, clang-22 and RISC-V's C library: tools/packages.txt";
  Program program(GetParam());
  Suite suite(program);
  integers<uint64_t>(suite, Type::i64);
  suite.unary(Opcode::sext32, Type::i64, Type::i64,
              [](uint64_t a) { return i64(static_cast<uint64_t>(int64_t{static_cast<int32_t>(a)})); });
  suite.unary(Opcode::wrap, Type::i64, Type::i32, [](uint64_t a) { return i32(static_cast<uint32_t>(a)); });
  suite.unary(Opcode::sextend, Type::i32, Type::i64,
              [](uint64_t a) { return i64(static_cast<uint64_t>(int64_t{static_cast<int32_t>(a)})); });
  suite.unary(Opcode::uextend, Type::i32, Type::i64, [](uint64_t a) { return i64(static_cast<uint32_t>(a)); });
  program.run();
}

TEST_P(Rv64Scalar, Floats) {
  ASSERT_TRUE(Program::can_run()) << "needs qemu-riscv64, clang-22 and RISC-V's C library: tools/packages.txt";
  Program program(GetParam());
  Suite suite(program);
  floats<float>(suite, Type::f32);
  floats<double>(suite, Type::f64);
  suite.unary(Opcode::fpromote, Type::f32, Type::f64, [](uint64_t a) { return f64(double{as<float>(a)}); });
  suite.unary(Opcode::fdemote, Type::f64, Type::f32, [](uint64_t a) { return f32(static_cast<float>(as<double>(a))); });
  program.run();
}

INSTANTIATE_TEST_SUITE_P(Machines, Rv64Scalar, ::testing::Values(machines()[0], machines()[1]),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace cairn::rv64

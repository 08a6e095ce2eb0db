// Every vector operation, run, against plain C++: with V (two vector lengths) and without.
#include <algorithm>

#include "compiler/rv64/testing/program.hpp"
#include "compiler/rv64/testing/simd_reference.hpp"

namespace cairn::rv64 {
namespace {

using ir::Block;
using ir::Function;
using ir::Opcode;
using ir::SimdOp;
using ir::Type;
using ir::V128;
using ir::Value;
using reference::Shape;

constexpr std::string_view kNames[] = {
#define CAIRN_SIMD(name, text) text,
#include "compiler/ir/simd.def"
#undef CAIRN_SIMD
};

uint64_t next_random(uint64_t& state) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}

// Vectors with interesting lanes of all widths.
std::vector<V128> samples() {
  std::vector<V128> result;
  uint64_t random = 0x9e37'79b9'7f4a'7c15;
  const auto from = [&](auto next) {
    using T = decltype(next());
    reference::Lanes<T> lanes;
    for (T& lane : lanes.lane) lane = next();
    result.push_back(reference::pack(lanes));
  };
  const uint8_t bytes[] = {0, 1, 2, 15, 16, 17, 31, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x55, 0xaa};
  const uint16_t halves[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0x8001, 0xffff, 0xff7f, 0xff80};
  const uint32_t words[] = {0, 1, 0x7fff, 0x8000, 0xffff, 0x1'0000, 0x7fff'ffff, 0x8000'0000, 0x8000'0001, 0xffff'ffff};
  const uint64_t longs[] = {
      0, 1, 0x7fff'ffff, 0x8000'0000, 0xffff'ffff, 0x7fff'ffff'ffff'ffff, 0x8000'0000'0000'0000, ~0ull};
  const float floats[] = {0.0f,
                          -0.0f,
                          0.5f,
                          -0.5f,
                          1.5f,
                          -2.5f,
                          3.7f,
                          -1e-40f,
                          8388607.5f,
                          1e10f,
                          -1e10f,
                          4294967040.0f,
                          2147483648.0f,
                          std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity(),
                          std::bit_cast<float>(0x7fc00000u),
                          std::bit_cast<float>(0xff800001u)};
  const double doubles[] = {0.0,
                            -0.0,
                            0.5,
                            -0.5,
                            1.5,
                            -2.5,
                            3.7,
                            4503599627370495.5,
                            1e300,
                            -1e300,
                            4294967295.5,
                            -2147483648.9,
                            2147483647.5,
                            -1.5e-310,
                            std::numeric_limits<double>::infinity(),
                            -std::numeric_limits<double>::infinity(),
                            std::bit_cast<double>(0x7ff8000000000000u),
                            std::bit_cast<double>(0xfff0000000000001u)};
  const auto pick = [&](const auto& values) { return values[next_random(random) % std::size(values)]; };
  for (unsigned i = 0; i < 6; ++i) {
    from([&] { return pick(bytes); });
    from([&] { return pick(halves); });
    from([&] { return pick(words); });
    from([&] { return pick(longs); });
    from([&] { return pick(floats); });
    from([&] { return pick(floats); });
    from([&] { return pick(doubles); });
    from([&] { return pick(doubles); });
    from([&] { return next_random(random); });
  }
  result.push_back(V128{});
  return result;
}

unsigned float_size(SimdOp op) {
  const std::string_view name = kNames[static_cast<unsigned>(op)];
  for (std::string_view moving :
       {"splat", "lane", ".abs", ".neg", ".pmin", ".pmax", ".eq", ".ne", ".lt", ".gt", ".le", ".ge"})
    if (name.ends_with(moving)) return 0;
  return name.starts_with("f32x4") ? 4 : name.starts_with("f64x2") ? 8 : 0;
}

unsigned lane_size(SimdOp op) {
  const std::string_view name = kNames[static_cast<unsigned>(op)];
  return name.find("x16") < 5 ? 1 : name.find("x8") < 5 ? 2 : name.find("x4") < 5 ? 4 : 8;
}

std::string text(const V128& v) {
  std::string result;
  for (unsigned i = 0; i < 16; ++i) {
    char buffer[4];
    snprintf(buffer, sizeof buffer, "%02x", static_cast<unsigned>(v[i]));
    result += buffer;
  }
  return result;
}

class Rv64Simd : public ::testing::TestWithParam<std::tuple<unsigned, unsigned>> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Program::can_run()) << "needs qemu-riscv64, clang-22 and RISC-V's C library: tools/packages.txt";
  }
  Program make() { return Program(machines()[std::get<0>(GetParam())], std::get<1>(GetParam())); }
};

TEST_P(Rv64Simd, Operations) {
  Program p = make();
  const std::vector<V128> vectors = samples();
  for (unsigned number = 0; number < std::size(kNames); ++number) {
    const SimdOp op = static_cast<SimdOp>(number);
    const Shape shape = reference::shape_of(kNames[number]);
    if (shape == Shape::load) continue;
    const unsigned size = lane_size(op);
    const bool is_float = kNames[number][0] == 'f';
    const Type lane_type = is_float ? (size == 4 ? Type::f32 : Type::f64) : (size == 8 ? Type::i64 : Type::i32);
    std::vector<Type> params(1, shape == Shape::splat ? lane_type : Type::v128);
    if (shape == Shape::binary || shape == Shape::ternary) params.push_back(Type::v128);
    if (shape == Shape::ternary) params.push_back(Type::v128);
    if (shape == Shape::shift) params.push_back(Type::i32);
    if (shape == Shape::replace) params.push_back(lane_type);
    const Type result = shape == Shape::reduce ? Type::i32 : shape == Shape::extract ? lane_type : Type::v128;
    const unsigned lane_count = shape == Shape::extract || shape == Shape::replace ? 16 / size : 1;
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      // The operation twice, to see that its operands survive it.
      const uint32_t function = p.add(params, {result, result}, [&](Function& f) {
        const Block b = f.create_block();
        std::vector<Value> v;
        for (Type type : params) v.push_back(f.append_param(b, type));
        ir::Instruction inst = instruction(shape == Shape::extract   ? Opcode::simd_extract
                                           : shape == Shape::replace ? Opcode::simd_replace
                                           : params.size() == 1      ? Opcode::simd_unary
                                           : params.size() == 2      ? Opcode::simd_binary
                                                                     : Opcode::simd_ternary,
                                           result, {}, number, static_cast<uint8_t>(lane));
        for (size_t i = 0; i < v.size(); ++i) inst.operands[i] = v[i];
        const Value first = f.append(b, inst);
        const Value second = f.append(b, inst);
        const Value both[] = {first, second};
        append_return(f, b, both);
      });
      for (size_t i = 0; i < vectors.size(); ++i)
        for (size_t j = 0; j < (params.size() == 1 ? 1 : vectors.size()); j += 1 + i % 3) {
          const V128 a = vectors[i], b = vectors[j], c = vectors[(i * 7 + j * 5) % vectors.size()];
          uint64_t scalar = 0;
          std::memcpy(&scalar, params.size() == 1 ? &a : &b, 8);
          V128 expected = reference::evaluate(op, a, b, c, scalar, lane);
          const size_t bytes = result == Type::v128 ? 16 : ir::size_of(result);
          std::fill(expected.begin() + static_cast<ptrdiff_t>(bytes), expected.end(), std::byte{0});
          p.call(function, {a, b, c}, [=, name = p.machine().name](const Outcome& outcome) {
            for (unsigned k = 0; k < 2; ++k) {
              V128 actual = outcome.values[k];
              std::fill(actual.begin() + static_cast<ptrdiff_t>(bytes), actual.end(), std::byte{0});
              if (!reference::equal(expected, actual, float_size(op)))
                ADD_FAILURE() << name << ": " << kNames[number] << " lane " << lane << " of " << text(a) << ", "
                              << text(b) << ", " << text(c) << " is " << text(actual) << ", expected "
                              << text(expected);
            }
          });
        }
    }
  }
  p.run();
}

TEST_P(Rv64Simd, ShufflesConstantsSelectsAndManyValues) {
  Program p = make();
  const std::vector<V128> vectors = samples();
  uint64_t random = 12345;
  for (unsigned i = 0; i < 30; ++i) {
    V128 lanes;
    for (std::byte& lane : lanes) lane = static_cast<std::byte>(next_random(random) % (i % 3 == 0 ? 16 : 32));
    const uint32_t function = p.add({Type::v128, Type::v128}, {Type::v128}, [&](Function& f) {
      const Block b = f.create_block();
      const Value x = f.append_param(b, Type::v128), y = f.append_param(b, Type::v128);
      const Value v = f.append(b, instruction(Opcode::simd_shuffle, Type::v128, {x, y}, f.add_vector_constant(lanes)));
      append_return(f, b, {&v, 1});
    });
    const V128 a = vectors[i], b = vectors[i + 1];
    p.call(function, {a, b}, [=](const Outcome& outcome) {
      V128 expected;
      for (unsigned k = 0; k < 16; ++k) {
        const unsigned from = static_cast<unsigned>(lanes[k]);
        expected[k] = from < 16 ? a[from] : b[from - 16];
      }
      EXPECT_EQ(text(expected), text(outcome.values[0])) << "shuffle " << text(lanes);
    });
  }
  // Twelve parameters (beyond the registers), constants, selects, and a loop that rotates values through block
  // parameters.
  const unsigned count = 12;
  const uint32_t rotate =
      p.add(std::vector<Type>(count, Type::v128), std::vector<Type>(count, Type::v128), [&](Function& f) {
        const Block b = f.create_block(), loop = f.create_block(), done = f.create_block();
        std::vector<Value> v, in_loop;
        for (unsigned i = 0; i < count; ++i) v.push_back(f.append_param(b, Type::v128));
        for (unsigned i = 0; i < count; ++i) in_loop.push_back(f.append_param(loop, Type::v128));
        const Value n = f.append_param(loop, Type::i32);
        ir::Instruction jump = instruction(Opcode::jump, Type::none);
        v.push_back(f.append(b, instruction(Opcode::iconst, Type::i32, {}, 5)));
        const ir::Target to_loop = {loop, f.add_values(v), count + 1};
        f.set_targets(jump, {&to_loop, 1});
        f.append(b, jump);
        f[loop].is_loop_header = true;
        std::vector<Value> next(in_loop.begin() + 1, in_loop.end());
        next.push_back(in_loop[0]);
        std::swap(next[3], next[7]);
        const Value one = f.append(loop, instruction(Opcode::iconst, Type::i32, {}, 1));
        const Value less = f.append(loop, instruction(Opcode::isub, Type::i32, {n, one}));
        const Value odd = f.append(loop, instruction(Opcode::iand, Type::i32, {n, one}));
        next[5] = f.append(loop, instruction(Opcode::select, Type::v128, {odd, next[5], next[6]}));
        const Value ones =
            f.append(loop, instruction(Opcode::vconst, Type::v128, {},
                                       f.add_vector_constant(reference::splat<uint64_t>(0x0123'4567'89ab'cdef))));
        next[2] = f.append(loop, instruction(Opcode::simd_binary, Type::v128, {next[2], ones},
                                             static_cast<int64_t>(SimdOp::v128_xor)));
        ir::Instruction branch = instruction(Opcode::branch, Type::none, {less});
        std::vector<Value> arguments = next;
        arguments.push_back(less);
        const ir::Target targets[] = {{loop, f.add_values(arguments), count + 1}, {done}};
        f.set_targets(branch, targets);
        f.append(loop, branch);
        append_return(f, done, next);
      });
  const std::vector<V128> arguments(vectors.begin(), vectors.begin() + count);
  p.call(rotate, arguments, [=](const Outcome& outcome) {
    std::vector<V128> v = arguments;
    for (unsigned n = 5; n > 0; --n) {
      std::rotate(v.begin(), v.begin() + 1, v.end());
      std::swap(v[3], v[7]);
      v[5] = n % 2 != 0 ? v[5] : v[6];
      v[2] = reference::map<uint64_t>(v[2], [](uint64_t x) { return x ^ 0x0123'4567'89ab'cdef; });
    }
    for (unsigned i = 0; i < count; ++i) EXPECT_EQ(text(v[i]), text(outcome.values[i])) << i;
  });
  for (const V128& c : {reference::splat<uint8_t>(3), reference::splat<int8_t>(-16), reference::splat<uint8_t>(200),
                        V128{}, reference::splat<int32_t>(7), reference::splat<int64_t>(7),
                        reference::splat<uint32_t>(0x3fc0'0000), vectors[8]}) {
    const uint32_t function = p.add({}, {Type::v128}, [&](Function& f) {
      const Block b = f.create_block();
      const Value v = f.append(b, instruction(Opcode::vconst, Type::v128, {}, f.add_vector_constant(c)));
      append_return(f, b, {&v, 1});
    });
    p.call(function, {}, [=](const Outcome& outcome) { EXPECT_EQ(text(c), text(outcome.values[0])); });
  }
  p.run();
}

TEST_P(Rv64Simd, Accesses) {
  Program p = make();
  std::array<uint8_t, 256> memory;
  for (unsigned i = 0; i < 256; ++i) memory[i] = static_cast<uint8_t>(i * 37 + 11);
  const auto at_memory = [=](uint64_t at) {
    V128 v{};
    for (unsigned i = 0; i < 16; ++i) v[i] = static_cast<std::byte>(memory[(at + i) & 255]);
    return v;
  };
  const V128 given = samples()[8];
  struct Kind {
    Opcode opcode;
    uint8_t size;
    SimdOp op;
    unsigned lane;
  };
  std::vector<Kind> kinds = {{Opcode::heap_load, 16, {}, 0}, {Opcode::heap_store, 16, {}, 0}};
  for (const uint8_t size : {uint8_t{1}, uint8_t{2}, uint8_t{4}, uint8_t{8}}) {
    kinds.push_back({Opcode::heap_load_splat, size, {}, 0});
    for (unsigned lane = 0; lane < 16u / size; lane += 3) {
      kinds.push_back({Opcode::heap_load_lane, size, {}, lane});
      kinds.push_back({Opcode::heap_store_lane, size, {}, lane});
    }
  }
  kinds.push_back({Opcode::heap_load_zero, 4, {}, 0});
  kinds.push_back({Opcode::heap_load_zero, 8, {}, 0});
  for (SimdOp op : {SimdOp::v128_load8x8_s, SimdOp::v128_load8x8_u, SimdOp::v128_load16x4_s, SimdOp::v128_load16x4_u,
                    SimdOp::v128_load32x2_s, SimdOp::v128_load32x2_u})
    kinds.push_back({Opcode::heap_load_extend, 8, op, 0});
  for (const Kind& kind : kinds)
    for (uint64_t offset : {uint64_t{0}, uint64_t{9}, uint64_t{65000}}) {
      const bool is_store = kind.opcode == Opcode::heap_store || kind.opcode == Opcode::heap_store_lane;
      const uint32_t function = p.add(
          {Type::i32, Type::v128}, is_store ? std::vector<Type>() : std::vector<Type>{Type::v128}, [&](Function& f) {
            const Block b = f.create_block();
            const Value at = f.append_param(b, Type::i32), v = f.append_param(b, Type::v128);
            ir::MemoryAccess access;
            access.size = kind.size;
            access.offset = offset;
            access.can_fault = true;
            ir::Instruction inst = instruction(kind.opcode, is_store ? Type::none : Type::v128, {at, Value::none()},
                                               static_cast<int64_t>(kind.op), static_cast<uint8_t>(kind.lane));
            if (is_store || kind.opcode == Opcode::heap_load_lane) inst.operands[2] = v;
            inst.extra = f.add_access(access);
            const Value r = f.append(b, inst);
            append_return(f, b, std::span(&r, is_store ? 0 : 1));
          });
      for (uint32_t address : {0u, 3u, 100u, 0xffff'fff0u, 65536u - static_cast<uint32_t>(offset) - kind.size + 1}) {
        const uint64_t place = address + offset;
        const bool inside = place + kind.size <= 256;
        if (!inside && place + kind.size <= 65536) continue;
        p.call(
            function, {slot_of<uint64_t>(address), given},
            [=](const Outcome& outcome) {
              if (!inside) {
                EXPECT_EQ(outcome.trap, wasm::TrapKind::out_of_bounds_memory_access);
                for (unsigned i = 0; i < 256; ++i)
                  EXPECT_EQ(outcome.memory[256 + i], static_cast<uint8_t>(i * 53 + 7))
                      << "written before the trap, at " << i;
                return;
              }
              ASSERT_FALSE(outcome.trap);
              V128 loaded = at_memory(place), expected{};
              if (is_store) {
                const unsigned from = kind.size == 16 ? 0 : kind.size * kind.lane;
                for (unsigned i = 0; i < 256; ++i) {
                  const bool written = i >= place && i < place + kind.size;
                  EXPECT_EQ(outcome.memory[i], written ? static_cast<uint8_t>(given[from + i - place]) : memory[i]);
                }
                return;
              }
              switch (kind.opcode) {
                case Opcode::heap_load: expected = loaded; break;
                case Opcode::heap_load_splat:
                  for (unsigned i = 0; i < 16; ++i) expected[i] = loaded[i % kind.size];
                  break;
                case Opcode::heap_load_zero: std::copy_n(loaded.begin(), kind.size, expected.begin()); break;
                case Opcode::heap_load_lane:
                  expected = given;
                  std::copy_n(loaded.begin(), kind.size, expected.begin() + kind.size * kind.lane);
                  break;
                default: expected = reference::evaluate(kind.op, loaded, {}, {}, 0, 0); break;
              }
              EXPECT_EQ(text(expected), text(outcome.values[0])) << ir::facts(kind.opcode).text << int{kind.size};
            },
            Program::shown);
      }
    }
  p.run();
}

INSTANTIATE_TEST_SUITE_P(Machines, Rv64Simd,
                         ::testing::Values(std::tuple(0u, 0u), std::tuple(1u, 4u), std::tuple(2u, 0u),
                                           std::tuple(2u, 4u), std::tuple(3u, 0u)),
                         [](const auto& info) {
                           return machines()[std::get<0>(info.param)].name + "_" +
                                  std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace cairn::rv64

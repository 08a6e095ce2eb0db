// Vectors: what is one instruction, compares, logic, shifts, and moving lanes in and out.
#include <bit>

#include "compiler/x64/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::Opcode;
using ir::SimdOp;
using ir::Type;
using ir::Value;

namespace {

constexpr Encoding i66(uint8_t opcode) { return sse(Prefix::p66, opcode); }
constexpr Encoding kPand = i66(0xdb), kPandn = i66(0xdf), kPor = i66(0xeb), kPxor = i66(0xef);
constexpr Encoding kPshufd = i66(0x70), kPshufb = sse38(0x00), kMovaps = two_byte(0x28);

// d = op(a, b); `swap`: d = op(b, a).
struct Simple {
  SimdOp op;
  Encoding encoding;
  int8_t imm = -1;
  bool swap = false;
  bool unary = false;
};
constexpr Encoding ps(uint8_t opcode) { return two_byte(opcode); }
constexpr Encoding pd(uint8_t opcode) { return i66(opcode); }

constexpr Simple kSimple[] = {
    {SimdOp::i8x16_eq, i66(0x74)},
    {SimdOp::i16x8_eq, i66(0x75)},
    {SimdOp::i32x4_eq, i66(0x76)},
    {SimdOp::i64x2_eq, sse38(0x29)},
    {SimdOp::i8x16_gt_s, i66(0x64)},
    {SimdOp::i16x8_gt_s, i66(0x65)},
    {SimdOp::i32x4_gt_s, i66(0x66)},
    {SimdOp::i8x16_lt_s, i66(0x64), -1, true},
    {SimdOp::i16x8_lt_s, i66(0x65), -1, true},
    {SimdOp::i32x4_lt_s, i66(0x66), -1, true},
    {SimdOp::f32x4_eq, ps(0xc2), 0},
    {SimdOp::f32x4_ne, ps(0xc2), 4},
    {SimdOp::f32x4_lt, ps(0xc2), 1},
    {SimdOp::f32x4_gt, ps(0xc2), 1, true},
    {SimdOp::f32x4_le, ps(0xc2), 2},
    {SimdOp::f32x4_ge, ps(0xc2), 2, true},
    {SimdOp::f64x2_eq, pd(0xc2), 0},
    {SimdOp::f64x2_ne, pd(0xc2), 4},
    {SimdOp::f64x2_lt, pd(0xc2), 1},
    {SimdOp::f64x2_gt, pd(0xc2), 1, true},
    {SimdOp::f64x2_le, pd(0xc2), 2},
    {SimdOp::f64x2_ge, pd(0xc2), 2, true},
    {SimdOp::v128_and, kPand},
    {SimdOp::v128_andnot, kPandn, -1, true},
    {SimdOp::v128_or, kPor},
    {SimdOp::v128_xor, kPxor},
    {SimdOp::i8x16_add, i66(0xfc)},
    {SimdOp::i16x8_add, i66(0xfd)},
    {SimdOp::i32x4_add, i66(0xfe)},
    {SimdOp::i64x2_add, i66(0xd4)},
    {SimdOp::i8x16_sub, i66(0xf8)},
    {SimdOp::i16x8_sub, i66(0xf9)},
    {SimdOp::i32x4_sub, i66(0xfa)},
    {SimdOp::i64x2_sub, i66(0xfb)},
    {SimdOp::i8x16_add_sat_s, i66(0xec)},
    {SimdOp::i8x16_add_sat_u, i66(0xdc)},
    {SimdOp::i8x16_sub_sat_s, i66(0xe8)},
    {SimdOp::i8x16_sub_sat_u, i66(0xd8)},
    {SimdOp::i16x8_add_sat_s, i66(0xed)},
    {SimdOp::i16x8_add_sat_u, i66(0xdd)},
    {SimdOp::i16x8_sub_sat_s, i66(0xe9)},
    {SimdOp::i16x8_sub_sat_u, i66(0xd9)},
    {SimdOp::i8x16_avgr_u, i66(0xe0)},
    {SimdOp::i16x8_avgr_u, i66(0xe3)},
    {SimdOp::i8x16_min_s, sse38(0x38)},
    {SimdOp::i8x16_min_u, i66(0xda)},
    {SimdOp::i8x16_max_s, sse38(0x3c)},
    {SimdOp::i8x16_max_u, i66(0xde)},
    {SimdOp::i16x8_min_s, i66(0xea)},
    {SimdOp::i16x8_min_u, sse38(0x3a)},
    {SimdOp::i16x8_max_s, i66(0xee)},
    {SimdOp::i16x8_max_u, sse38(0x3e)},
    {SimdOp::i32x4_min_s, sse38(0x39)},
    {SimdOp::i32x4_min_u, sse38(0x3b)},
    {SimdOp::i32x4_max_s, sse38(0x3d)},
    {SimdOp::i32x4_max_u, sse38(0x3f)},
    {SimdOp::i16x8_mul, i66(0xd5)},
    {SimdOp::i32x4_mul, sse38(0x40)},
    {SimdOp::i32x4_dot_i16x8_s, i66(0xf5)},
    {SimdOp::i8x16_narrow_i16x8_s, i66(0x63)},
    {SimdOp::i8x16_narrow_i16x8_u, i66(0x67)},
    {SimdOp::i16x8_narrow_i32x4_s, i66(0x6b)},
    {SimdOp::i16x8_narrow_i32x4_u, sse38(0x2b)},
    {SimdOp::f32x4_add, ps(0x58)},
    {SimdOp::f32x4_sub, ps(0x5c)},
    {SimdOp::f32x4_mul, ps(0x59)},
    {SimdOp::f32x4_div, ps(0x5e)},
    {SimdOp::f64x2_add, pd(0x58)},
    {SimdOp::f64x2_sub, pd(0x5c)},
    {SimdOp::f64x2_mul, pd(0x59)},
    {SimdOp::f64x2_div, pd(0x5e)},
    // pmin(a, b) = b < a ? b : a; minps gives its second operand unless the first is less.
    {SimdOp::f32x4_pmin, ps(0x5d), -1, true},
    {SimdOp::f32x4_pmax, ps(0x5f), -1, true},
    {SimdOp::f64x2_pmin, pd(0x5d), -1, true},
    {SimdOp::f64x2_pmax, pd(0x5f), -1, true},
    {SimdOp::i8x16_abs, sse38(0x1c), -1, false, true},
    {SimdOp::i16x8_abs, sse38(0x1d), -1, false, true},
    {SimdOp::i32x4_abs, sse38(0x1e), -1, false, true},
    {SimdOp::f32x4_nearest, sse3a(0x08), 8, false, true},
    {SimdOp::f32x4_floor, sse3a(0x08), 9, false, true},
    {SimdOp::f32x4_ceil, sse3a(0x08), 10, false, true},
    {SimdOp::f32x4_trunc, sse3a(0x08), 11, false, true},
    {SimdOp::f64x2_nearest, sse3a(0x09), 8, false, true},
    {SimdOp::f64x2_floor, sse3a(0x09), 9, false, true},
    {SimdOp::f64x2_ceil, sse3a(0x09), 10, false, true},
    {SimdOp::f64x2_trunc, sse3a(0x09), 11, false, true},
    {SimdOp::f32x4_sqrt, ps(0x51), -1, false, true},
    {SimdOp::f64x2_sqrt, pd(0x51), -1, false, true},
    {SimdOp::i16x8_extend_low_i8x16_s, sse38(0x20), -1, false, true},
    {SimdOp::i16x8_extend_low_i8x16_u, sse38(0x30), -1, false, true},
    {SimdOp::i32x4_extend_low_i16x8_s, sse38(0x23), -1, false, true},
    {SimdOp::i32x4_extend_low_i16x8_u, sse38(0x33), -1, false, true},
    {SimdOp::i64x2_extend_low_i32x4_s, sse38(0x25), -1, false, true},
    {SimdOp::i64x2_extend_low_i32x4_u, sse38(0x35), -1, false, true},
    {SimdOp::f32x4_convert_i32x4_s, ps(0x5b), -1, false, true},
    {SimdOp::f64x2_convert_low_i32x4_s, sse(Prefix::pf3, 0xe6), -1, false, true},
    {SimdOp::f32x4_demote_f64x2_zero, pd(0x5a), -1, false, true},
    {SimdOp::f64x2_promote_low_f32x4, ps(0x5a), -1, false, true},
};

// By operation: index into kSimple, or -1.
constexpr auto kSimpleIndex = [] {
  std::array<int8_t, static_cast<size_t>(SimdOp::v128_load32x2_u) + 1> index{};
  index.fill(-1);
  for (size_t i = 0; i < std::size(kSimple); ++i) index[static_cast<size_t>(kSimple[i].op)] = static_cast<int8_t>(i);
  return index;
}();
static_assert(std::size(kSimple) < 128);

}  // namespace

bool is_vector_test(SimdOp op) {
  switch (op) {
    case SimdOp::v128_any_true:
    case SimdOp::i8x16_all_true:
    case SimdOp::i16x8_all_true:
    case SimdOp::i32x4_all_true:
    case SimdOp::i64x2_all_true: return true;
    default: return false;
  }
}

// --- Helpers --------------------------------------------------------------------------------------------------------------

VReg X64Lowering::x_zero() {
  const VReg d = x_temporary();
  put(Op::zero_x, {Operand::def(d)}, 16, codegen::InstFlag::rematerializable);
  return d;
}

VReg X64Lowering::x_ones() {
  const VReg d = x_temporary();
  put(Op::ones_x, {Operand::def(d)}, 16, codegen::InstFlag::rematerializable);
  return d;
}

AddressMode X64Lowering::splat_constant(uint64_t bits) {
  const uint64_t both[2] = {bits, bits};
  return constant_address(both, 16);
}

void X64Lowering::x_not_to(VReg d, VReg a) { x_binary_to(d, kPxor, a, x_ones()); }

VReg X64Lowering::x_not(VReg a) {
  const VReg d = x_temporary();
  x_not_to(d, a);
  return d;
}

void X64Lowering::bitselect_to(VReg d, VReg a, VReg b, VReg mask) {
  const VReg chosen = x_binary(kPand, a, mask);
  const VReg rest = x_binary(kPandn, mask, b);
  x_binary_to(d, kPor, chosen, rest);
}

// --- Dispatch -------------------------------------------------------------------------------------------------------------

bool X64Lowering::lower_vector_simple(Value value) {
  const Instruction& instruction = inst(value);
  const int index = kSimpleIndex[static_cast<size_t>(instruction.simd())];
  if (index < 0) return false;
  const Simple& simple = kSimple[index];
  const VReg d = def(value);
  if (simple.unary) {
    x_unary_to(d, simple.encoding, use(instruction.operands[0]), simple.imm);
    return true;
  }
  const Value a = instruction.operands[simple.swap ? 1 : 0], b = instruction.operands[simple.swap ? 0 : 1];
  x_binary_fold_to(d, simple.encoding, a, b, 16, simple.imm);
  return true;
}

void X64Lowering::lower_vector(Value value) {
  const Instruction& instruction = inst(value);
  switch (instruction.opcode) {
    case Opcode::simd_shuffle: return lower_shuffle(value);
    case Opcode::simd_extract: return lower_extract(value);
    case Opcode::simd_replace: return lower_replace(value);
    default: break;
  }
  if (lower_vector_simple(value) || lower_vector_compare(value)) return;
  const auto operand = [&](unsigned i) { return use(instruction.operands[i]); };
  const VReg d = def(value);
  switch (instruction.simd()) {
    case SimdOp::i8x16_splat:
    case SimdOp::i16x8_splat:
    case SimdOp::i32x4_splat:
    case SimdOp::i64x2_splat:
    case SimdOp::f32x4_splat:
    case SimdOp::f64x2_splat: return lower_splat(value);
    case SimdOp::v128_not: return x_not_to(d, operand(0));
    case SimdOp::v128_bitselect:
    case SimdOp::i8x16_relaxed_laneselect:
    case SimdOp::i16x8_relaxed_laneselect:
    case SimdOp::i32x4_relaxed_laneselect:
    case SimdOp::i64x2_relaxed_laneselect: {
      const VReg a = operand(0), b = operand(1), mask = operand(2);
      if (cpu_.avx && instruction.simd() == SimdOp::i8x16_relaxed_laneselect && !options_.deterministic_relaxed_simd) {
        put(Op::x_blendv, {Operand::def(d), Operand::use(b), Operand::use(a), Operand::use(mask)}, 16).immediate =
            xmm_payload(sse38(0x10));
        return;
      }
      return bitselect_to(d, a, b, mask);
    }
    case SimdOp::v128_any_true:
    case SimdOp::i8x16_all_true:
    case SimdOp::i16x8_all_true:
    case SimdOp::i32x4_all_true:
    case SimdOp::i64x2_all_true: return lower_set(value);
    case SimdOp::i8x16_bitmask:
    case SimdOp::i16x8_bitmask:
    case SimdOp::i32x4_bitmask:
    case SimdOp::i64x2_bitmask: return lower_bitmask(value);
    case SimdOp::i8x16_shl:
    case SimdOp::i8x16_shr_s:
    case SimdOp::i8x16_shr_u:
    case SimdOp::i16x8_shl:
    case SimdOp::i16x8_shr_s:
    case SimdOp::i16x8_shr_u:
    case SimdOp::i32x4_shl:
    case SimdOp::i32x4_shr_s:
    case SimdOp::i32x4_shr_u:
    case SimdOp::i64x2_shl:
    case SimdOp::i64x2_shr_s:
    case SimdOp::i64x2_shr_u: return lower_vector_shift(value);
    default: return lower_vector_arithmetic(value);
  }
}

// --- Compares ---------------------------------------------------------------------------------------------------------------

bool X64Lowering::lower_vector_compare(Value value) {
  const Instruction& instruction = inst(value);
  const SimdOp op = instruction.simd();
  const auto a = [&] { return instruction.operands[0]; };
  const auto b = [&] { return instruction.operands[1]; };
  // not(compare(first, second))
  const auto negated = [&](Encoding encoding, Value first, Value second) {
    const VReg first_reg = use(first);
    const VReg compared = x_binary(encoding, first_reg, use(second));
    x_not_to(def(value), compared);
    return true;
  };
  // a >= b is max(a, b) == a.
  const auto extreme = [&](Encoding choose, Encoding equal, bool negate) {
    const VReg first = use(a()), second = use(b());
    const VReg chosen = x_binary(choose, first, second);
    if (!negate) {
      x_binary_to(def(value), equal, chosen, first);
    } else {
      x_not_to(def(value), x_binary(equal, chosen, first));
    }
    return true;
  };
  const auto greater64 = [&](Value first_value, Value second_value, bool negate) {
    const VReg first = use(first_value), second = use(second_value);
    if (cpu_.sse42) {
      if (!negate) {
        x_binary_to(def(value), sse38(0x37), first, second);
      } else {
        x_not_to(def(value), x_binary(sse38(0x37), first, second));
      }
      return true;
    }
    // By halves: the high ones signed, the low ones unsigned (their signs flipped).
    const AddressMode flip = splat_constant(0x80000000);
    const VReg x = x_binary_constant(kPxor, first, flip), y = x_binary_constant(kPxor, second, flip);
    const VReg greater = x_binary(i66(0x66), x, y), equal = x_binary(i66(0x76), x, y);
    const VReg low = x_binary(kPand, x_unary(kPshufd, equal, 0xf5), x_unary(kPshufd, greater, 0xa0));
    const VReg high = x_unary(kPshufd, greater, 0xf5);
    if (!negate) {
      x_binary_to(def(value), kPor, low, high);
    } else {
      x_not_to(def(value), x_binary(kPor, low, high));
    }
    return true;
  };
  switch (op) {
    case SimdOp::i8x16_ne: return negated(i66(0x74), a(), b());
    case SimdOp::i16x8_ne: return negated(i66(0x75), a(), b());
    case SimdOp::i32x4_ne: return negated(i66(0x76), a(), b());
    case SimdOp::i64x2_ne: return negated(sse38(0x29), a(), b());
    case SimdOp::i8x16_le_s: return negated(i66(0x64), a(), b());
    case SimdOp::i16x8_le_s: return negated(i66(0x65), a(), b());
    case SimdOp::i32x4_le_s: return negated(i66(0x66), a(), b());
    case SimdOp::i8x16_ge_s: return negated(i66(0x64), b(), a());
    case SimdOp::i16x8_ge_s: return negated(i66(0x65), b(), a());
    case SimdOp::i32x4_ge_s: return negated(i66(0x66), b(), a());
    case SimdOp::i8x16_ge_u: return extreme(i66(0xde), i66(0x74), false);
    case SimdOp::i8x16_lt_u: return extreme(i66(0xde), i66(0x74), true);
    case SimdOp::i8x16_le_u: return extreme(i66(0xda), i66(0x74), false);
    case SimdOp::i8x16_gt_u: return extreme(i66(0xda), i66(0x74), true);
    case SimdOp::i16x8_ge_u: return extreme(sse38(0x3e), i66(0x75), false);
    case SimdOp::i16x8_lt_u: return extreme(sse38(0x3e), i66(0x75), true);
    case SimdOp::i16x8_le_u: return extreme(sse38(0x3a), i66(0x75), false);
    case SimdOp::i16x8_gt_u: return extreme(sse38(0x3a), i66(0x75), true);
    case SimdOp::i32x4_ge_u: return extreme(sse38(0x3f), i66(0x76), false);
    case SimdOp::i32x4_lt_u: return extreme(sse38(0x3f), i66(0x76), true);
    case SimdOp::i32x4_le_u: return extreme(sse38(0x3b), i66(0x76), false);
    case SimdOp::i32x4_gt_u: return extreme(sse38(0x3b), i66(0x76), true);
    case SimdOp::i64x2_gt_s: return greater64(a(), b(), false);
    case SimdOp::i64x2_lt_s: return greater64(b(), a(), false);
    case SimdOp::i64x2_le_s: return greater64(a(), b(), true);
    case SimdOp::i64x2_ge_s: return greater64(b(), a(), true);
    default: return false;
  }
}

void X64Lowering::make_vector_test(Value value, Test& test) {
  const Instruction& instruction = inst(value);
  VReg tested = use(instruction.operands[0]);
  test.form = Compare::ptest_rr;
  test.condition = static_cast<uint8_t>(Cc::ne);
  Encoding equal{};
  switch (instruction.simd()) {
    case SimdOp::v128_any_true: break;
    case SimdOp::i8x16_all_true: equal = i66(0x74); break;
    case SimdOp::i16x8_all_true: equal = i66(0x75); break;
    case SimdOp::i32x4_all_true: equal = i66(0x76); break;
    case SimdOp::i64x2_all_true: equal = sse38(0x29); break;
    default: CAIRN_UNREACHABLE();
  }
  if (equal.opcode != 0) {  // no lane equals zero
    tested = x_binary(equal, x_zero(), tested);
    test.condition = static_cast<uint8_t>(Cc::e);
  }
  test.operands.add(Operand::use(tested));
  test.operands.add(Operand::use(tested));
}

void X64Lowering::lower_bitmask(Value value) {
  const Instruction& instruction = inst(value);
  const VReg source = use(instruction.operands[0]);
  const VReg d = def(value);
  const auto mask = [&](VReg to, Encoding encoding, VReg from) {
    put(Op::int_from_x, {Operand::def(to), Operand::use(from)}, 4).immediate = xmm_payload(encoding);
  };
  switch (instruction.simd()) {
    case SimdOp::i8x16_bitmask: return mask(d, i66(0xd7), source);
    case SimdOp::i32x4_bitmask: return mask(d, ps(0x50), source);
    case SimdOp::i64x2_bitmask: return mask(d, pd(0x50), source);
    default: {
      const VReg bytes = x_binary(i66(0x63), source, source);
      const VReg both = temporary(RegClass::integer);
      mask(both, i66(0xd7), bytes);
      put(Op::extend, {Operand::def(d), Operand::use_any(both)}).extra = static_cast<uint8_t>(Extend::zero8);
      return;
    }
  }
}

// --- Shifts ---------------------------------------------------------------------------------------------------------------

void X64Lowering::lower_vector_shift(Value value) {
  const Instruction& instruction = inst(value);
  const SimdOp op = instruction.simd();
  enum { left, right_signed, right_unsigned } kind = left;
  unsigned bits = 0;
  switch (op) {
    case SimdOp::i8x16_shl: bits = 8; break;
    case SimdOp::i8x16_shr_s: bits = 8, kind = right_signed; break;
    case SimdOp::i8x16_shr_u: bits = 8, kind = right_unsigned; break;
    case SimdOp::i16x8_shl: bits = 16; break;
    case SimdOp::i16x8_shr_s: bits = 16, kind = right_signed; break;
    case SimdOp::i16x8_shr_u: bits = 16, kind = right_unsigned; break;
    case SimdOp::i32x4_shl: bits = 32; break;
    case SimdOp::i32x4_shr_s: bits = 32, kind = right_signed; break;
    case SimdOp::i32x4_shr_u: bits = 32, kind = right_unsigned; break;
    case SimdOp::i64x2_shl: bits = 64; break;
    case SimdOp::i64x2_shr_s: bits = 64, kind = right_signed; break;
    case SimdOp::i64x2_shr_u: bits = 64, kind = right_unsigned; break;
    default: CAIRN_UNREACHABLE();
  }
  const VReg d = def(value);
  const VReg source = use(instruction.operands[0]);
  const auto constant = integer_constant(instruction.operands[1]);
  const unsigned fixed = constant ? static_cast<unsigned>(*constant) & (bits - 1) : 0;
  // The instruction's lane width: bytes go by words.
  const unsigned lane = bits == 8 ? 16 : bits;
  const unsigned log = static_cast<unsigned>(std::countr_zero(lane)) - 4;  // 0, 1, 2
  const auto by_imm = [&](VReg to, VReg from, unsigned digit, unsigned count) {
    x_shift_imm_to(to, i66(static_cast<uint8_t>(0x71 + log)), digit, from, count);
  };
  const auto by_xmm = [&](uint8_t base, VReg from, VReg count) { return x_binary(i66(static_cast<uint8_t>(base + log)), from, count); };
  constexpr unsigned kLeft = 6, kLogical = 2, kArithmetic = 4;
  const auto count_register = [&](unsigned add) {
    const VReg masked = temporary(RegClass::integer);
    MachineInst& mask = put(Op::alu_ri, {Operand::def_reuse(masked, 1), Operand::use(use_low(instruction.operands[1]))}, 4);
    mask.extra = static_cast<uint8_t>(Alu::and_);
    mask.immediate = bits - 1;
    VReg sum = masked;
    if (add != 0) {
      sum = temporary(RegClass::integer);
      put(Op::add_ri, {Operand::def(sum), Operand::use(masked)}, 4).immediate = add;
    }
    const VReg count = x_temporary();
    put(Op::x_from_gpr, {Operand::def(count), Operand::use_any(sum)}, 4);
    return count;
  };

  if (bits == 64 && kind == right_signed) {
    // (x >>> n ^ m) - m with m the sign bit shifted alike.
    VReg shifted, sign;
    if (constant) {
      shifted = x_temporary();
      by_imm(shifted, source, kLogical, fixed);
      const uint64_t m = (uint64_t{1} << 63) >> fixed;
      const uint64_t both[2] = {m, m};
      sign = x_temporary();
      put_address(Op::load_x, {Operand::def(sign)}, constant_address(both, 16), 16, codegen::InstFlag::rematerializable);
    } else {
      const VReg count = count_register(0);
      shifted = by_xmm(0xd1, source, count);
      const VReg top = x_temporary();
      put_address(Op::load_x, {Operand::def(top)}, splat_constant(uint64_t{1} << 63), 16,
                  codegen::InstFlag::rematerializable);
      sign = by_xmm(0xd1, top, count);
    }
    x_binary_to(d, i66(0xfb), x_binary(kPxor, shifted, sign), sign);
    return;
  }
  if (bits != 8) {
    const unsigned digit = kind == left ? kLeft : kind == right_signed ? kArithmetic : kLogical;
    if (constant) {
      by_imm(d, source, digit, fixed);
      return;
    }
    const uint8_t base = kind == left ? 0xf1 : kind == right_signed ? 0xe1 : 0xd1;
    const VReg count = count_register(0);
    x_binary_to(d, i66(static_cast<uint8_t>(base + log)), source, count);
    return;
  }
  if (kind == right_signed) {
    // Each byte in the upper half of a word.
    const VReg low = x_binary(i66(0x60), source, source), high = x_binary(i66(0x68), source, source);
    VReg low_shifted, high_shifted;
    if (constant) {
      low_shifted = x_temporary(), high_shifted = x_temporary();
      by_imm(low_shifted, low, kArithmetic, fixed + 8);
      by_imm(high_shifted, high, kArithmetic, fixed + 8);
    } else {
      const VReg count = count_register(8);
      low_shifted = by_xmm(0xe1, low, count);
      high_shifted = by_xmm(0xe1, high, count);
    }
    x_binary_to(d, i66(0x63), low_shifted, high_shifted);
    return;
  }
  // Shift words, then clear what came over from the neighbour.
  if (constant) {
    const VReg shifted = x_temporary();
    by_imm(shifted, source, kind == left ? kLeft : kLogical, fixed);
    const uint64_t byte = kind == left ? (0xffu << fixed) & 0xff : 0xffu >> fixed;
    x_binary_constant_to(d, kPand, shifted, splat_constant(byte * 0x0101'0101'0101'0101u));
    return;
  }
  const VReg count = count_register(0);
  const VReg shifted = by_xmm(kind == left ? 0xf1 : 0xd1, source, count);
  VReg mask;
  if (kind == left) {
    mask = by_xmm(0xf1, x_ones(), count);
  } else {
    const VReg bytes = x_temporary();
    by_imm(bytes, x_ones(), kLogical, 8);
    mask = by_xmm(0xd1, bytes, count);
  }
  x_binary_to(d, kPand, shifted, x_binary(kPshufb, mask, x_zero()));
}

// --- Lanes ----------------------------------------------------------------------------------------------------------------

VReg X64Lowering::splat_bytes(VReg scalar) { return x_binary(kPshufb, scalar, x_zero()); }

void X64Lowering::lower_splat(Value value) {
  const Instruction& instruction = inst(value);
  const VReg d = def(value);
  const SimdOp op = instruction.simd();
  if (op == SimdOp::f32x4_splat) {
    x_unary_to(d, kPshufd, use(instruction.operands[0]), 0);
    return;
  }
  if (op == SimdOp::f64x2_splat) {
    x_unary_to(d, sse(Prefix::pf2, 0x12), use(instruction.operands[0]));  // movddup
    return;
  }
  const bool wide = op == SimdOp::i64x2_splat;
  const VReg scalar = x_temporary();
  const VReg source = wide ? use(instruction.operands[0]) : use_low(instruction.operands[0]);
  put(Op::x_from_gpr, {Operand::def(scalar), Operand::use_any(source)}, wide ? 8 : 4);
  switch (op) {
    case SimdOp::i8x16_splat:
      if (cpu_.avx2) return x_unary_to(d, sse38(0x78), scalar);
      return x_binary_to(d, kPshufb, scalar, x_zero());
    case SimdOp::i16x8_splat:
      if (cpu_.avx2) return x_unary_to(d, sse38(0x79), scalar);
      return x_unary_to(d, kPshufd, x_unary(sse(Prefix::pf2, 0x70), scalar, 0), 0);
    case SimdOp::i32x4_splat: return x_unary_to(d, kPshufd, scalar, 0);
    default: return x_unary_to(d, kPshufd, scalar, 0x44);
  }
}

void X64Lowering::lower_extract(Value value) {
  const Instruction& instruction = inst(value);
  const VReg d = def(value);
  const VReg source = use(instruction.operands[0]);
  const unsigned lane = instruction.lane();
  // pextr has the vector in the reg field (merges), pextrw's old form the general register.
  const auto extract = [&](VReg to, Encoding encoding, bool reg_is_vector) {
    put(Op::int_from_x, {Operand::def(to), Operand::use(source)}, 4).immediate =
        xmm_payload(encoding, static_cast<int>(lane), reg_is_vector);
  };
  const auto sign_extended = [&](Encoding encoding, bool reg_is_vector, Extend extend) {
    const VReg zero_extended = temporary(RegClass::integer);
    extract(zero_extended, encoding, reg_is_vector);
    put(Op::extend, {Operand::def(d), Operand::use_any(zero_extended)}).extra = static_cast<uint8_t>(extend);
  };
  switch (instruction.simd()) {
    case SimdOp::i8x16_extract_lane_u: return extract(d, sse3a(0x14), true);
    case SimdOp::i8x16_extract_lane_s: return sign_extended(sse3a(0x14), true, Extend::sign8_32);
    case SimdOp::i16x8_extract_lane_u: return extract(d, i66(0xc5), false);
    case SimdOp::i16x8_extract_lane_s: return sign_extended(i66(0xc5), false, Extend::sign16_32);
    case SimdOp::i32x4_extract_lane:
      if (lane == 0) {
        put(Op::gpr_from_x, {Operand::def(d), Operand::use(source)}, 4);
        return;
      }
      return extract(d, sse3a(0x16), true);
    case SimdOp::i64x2_extract_lane:
      if (lane == 0) {
        put(Op::gpr_from_x, {Operand::def(d), Operand::use(source)}, 8);
        return;
      }
      return extract(d, sse3a(0x16).wide(), true);
    case SimdOp::f32x4_extract_lane:
      if (lane == 0) return x_unary_to(d, kMovaps, source);
      return x_unary_to(d, kPshufd, source, static_cast<int>(lane));
    case SimdOp::f64x2_extract_lane:
      if (lane == 0) return x_unary_to(d, kMovaps, source);
      return x_unary_to(d, kPshufd, source, 0xee);
    default: CAIRN_UNREACHABLE();
  }
}

void X64Lowering::lower_replace(Value value) {
  const Instruction& instruction = inst(value);
  const VReg d = def(value);
  const VReg vector = use(instruction.operands[0]);
  const auto lane = static_cast<int>(instruction.lane());
  const Operand result = cpu_.avx ? Operand::def(d) : Operand::def_reuse(d, 1);
  const auto insert = [&](Encoding encoding, bool wide) {
    const VReg scalar = wide ? use(instruction.operands[1]) : use_low(instruction.operands[1]);
    put(Op::x_insert, {result, Operand::use(vector), Operand::use_any(scalar)}, 16).immediate = xmm_payload(encoding, lane);
  };
  switch (instruction.simd()) {
    case SimdOp::i8x16_replace_lane: return insert(sse3a(0x20), false);
    case SimdOp::i16x8_replace_lane: return insert(i66(0xc4), false);
    case SimdOp::i32x4_replace_lane: return insert(sse3a(0x22), false);
    case SimdOp::i64x2_replace_lane: return insert(sse3a(0x22).wide(), true);
    case SimdOp::f32x4_replace_lane: {
      const VReg scalar = use(instruction.operands[1]);
      put(Op::x_rrr, {result, Operand::use(vector), Operand::use_any(scalar)}, 16).immediate =
          xmm_payload(sse3a(0x21), lane << 4);
      return;
    }
    case SimdOp::f64x2_replace_lane: {
      // movsd between registers keeps the upper half; movlhps.
      const VReg scalar = use(instruction.operands[1]);
      put(Op::x_rrr, {result, Operand::use(vector), Operand::use(scalar)}, 16).immediate =
          xmm_payload(lane == 0 ? sse(Prefix::pf2, 0x10) : two_byte(0x16));
      return;
    }
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::x64

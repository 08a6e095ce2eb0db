// Lowers bitwise vector operations and those that are one instruction, and dispatches to the files that lower the
// others.
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::Opcode;
using ir::SimdOp;
using ir::Value;

namespace {

// An operation that is one instruction: d = op(a, b), d = op(b, a) with `swap`, or d = op(a) with `unary`.
struct Simple {
  SimdOp op;
  Encoding encoding;
  // The immediate, or -1 if there is none: for cmpps and cmppd the condition (0 eq, 1 lt, 2 le, 4 ne); for roundps and
  // roundpd 8, which suppresses the precision exception, plus the mode (0 nearest, 1 down, 2 up, 3 toward zero).
  int8_t imm = -1;
  bool swap = false;
  bool unary = false;
};

constexpr Simple kSimple[] = {
    {SimdOp::i8x16_eq, i66(0x74)},              // pcmpeqb
    {SimdOp::i16x8_eq, i66(0x75)},              // pcmpeqw
    {SimdOp::i32x4_eq, i66(0x76)},              // pcmpeqd
    {SimdOp::i64x2_eq, sse38(0x29)},            // pcmpeqq
    {SimdOp::i8x16_gt_s, i66(0x64)},            // pcmpgtb
    {SimdOp::i16x8_gt_s, i66(0x65)},            // pcmpgtw
    {SimdOp::i32x4_gt_s, i66(0x66)},            // pcmpgtd
    {SimdOp::i8x16_lt_s, i66(0x64), -1, true},  // pcmpgtb
    {SimdOp::i16x8_lt_s, i66(0x65), -1, true},  // pcmpgtw
    {SimdOp::i32x4_lt_s, i66(0x66), -1, true},  // pcmpgtd
    {SimdOp::f32x4_eq, ps(0xc2), 0},            // cmpps
    {SimdOp::f32x4_ne, ps(0xc2), 4},            // cmpps
    {SimdOp::f32x4_lt, ps(0xc2), 1},            // cmpps
    {SimdOp::f32x4_gt, ps(0xc2), 1, true},      // cmpps
    {SimdOp::f32x4_le, ps(0xc2), 2},            // cmpps
    {SimdOp::f32x4_ge, ps(0xc2), 2, true},      // cmpps
    {SimdOp::f64x2_eq, pd(0xc2), 0},            // cmppd
    {SimdOp::f64x2_ne, pd(0xc2), 4},            // cmppd
    {SimdOp::f64x2_lt, pd(0xc2), 1},            // cmppd
    {SimdOp::f64x2_gt, pd(0xc2), 1, true},      // cmppd
    {SimdOp::f64x2_le, pd(0xc2), 2},            // cmppd
    {SimdOp::f64x2_ge, pd(0xc2), 2, true},      // cmppd
    {SimdOp::v128_and, kPand},
    {SimdOp::v128_andnot, kPandn, -1, true},
    {SimdOp::v128_or, kPor},
    {SimdOp::v128_xor, kPxor},
    {SimdOp::i8x16_add, i66(0xfc)},               // paddb
    {SimdOp::i16x8_add, i66(0xfd)},               // paddw
    {SimdOp::i32x4_add, i66(0xfe)},               // paddd
    {SimdOp::i64x2_add, i66(0xd4)},               // paddq
    {SimdOp::i8x16_sub, i66(0xf8)},               // psubb
    {SimdOp::i16x8_sub, i66(0xf9)},               // psubw
    {SimdOp::i32x4_sub, i66(0xfa)},               // psubd
    {SimdOp::i64x2_sub, i66(0xfb)},               // psubq
    {SimdOp::i8x16_add_sat_s, i66(0xec)},         // paddsb
    {SimdOp::i8x16_add_sat_u, i66(0xdc)},         // paddusb
    {SimdOp::i8x16_sub_sat_s, i66(0xe8)},         // psubsb
    {SimdOp::i8x16_sub_sat_u, i66(0xd8)},         // psubusb
    {SimdOp::i16x8_add_sat_s, i66(0xed)},         // paddsw
    {SimdOp::i16x8_add_sat_u, i66(0xdd)},         // paddusw
    {SimdOp::i16x8_sub_sat_s, i66(0xe9)},         // psubsw
    {SimdOp::i16x8_sub_sat_u, i66(0xd9)},         // psubusw
    {SimdOp::i8x16_avgr_u, i66(0xe0)},            // pavgb
    {SimdOp::i16x8_avgr_u, i66(0xe3)},            // pavgw
    {SimdOp::i8x16_min_s, sse38(0x38)},           // pminsb
    {SimdOp::i8x16_min_u, i66(0xda)},             // pminub
    {SimdOp::i8x16_max_s, sse38(0x3c)},           // pmaxsb
    {SimdOp::i8x16_max_u, i66(0xde)},             // pmaxub
    {SimdOp::i16x8_min_s, i66(0xea)},             // pminsw
    {SimdOp::i16x8_min_u, sse38(0x3a)},           // pminuw
    {SimdOp::i16x8_max_s, i66(0xee)},             // pmaxsw
    {SimdOp::i16x8_max_u, sse38(0x3e)},           // pmaxuw
    {SimdOp::i32x4_min_s, sse38(0x39)},           // pminsd
    {SimdOp::i32x4_min_u, sse38(0x3b)},           // pminud
    {SimdOp::i32x4_max_s, sse38(0x3d)},           // pmaxsd
    {SimdOp::i32x4_max_u, sse38(0x3f)},           // pmaxud
    {SimdOp::i16x8_mul, i66(0xd5)},               // pmullw
    {SimdOp::i32x4_mul, sse38(0x40)},             // pmulld
    {SimdOp::i32x4_dot_i16x8_s, i66(0xf5)},       // pmaddwd
    {SimdOp::i8x16_narrow_i16x8_s, i66(0x63)},    // packsswb
    {SimdOp::i8x16_narrow_i16x8_u, i66(0x67)},    // packuswb
    {SimdOp::i16x8_narrow_i32x4_s, i66(0x6b)},    // packssdw
    {SimdOp::i16x8_narrow_i32x4_u, sse38(0x2b)},  // packusdw
    {SimdOp::f32x4_add, ps(0x58)},                // addps
    {SimdOp::f32x4_sub, ps(0x5c)},                // subps
    {SimdOp::f32x4_mul, ps(0x59)},                // mulps
    {SimdOp::f32x4_div, ps(0x5e)},                // divps
    {SimdOp::f64x2_add, pd(0x58)},                // addpd
    {SimdOp::f64x2_sub, pd(0x5c)},                // subpd
    {SimdOp::f64x2_mul, pd(0x59)},                // mulpd
    {SimdOp::f64x2_div, pd(0x5e)},                // divpd
    // pmin(a, b) is b < a ? b : a. minps gives its second operand unless the first one is less.
    {SimdOp::f32x4_pmin, ps(0x5d), -1, true},                                      // minps
    {SimdOp::f32x4_pmax, ps(0x5f), -1, true},                                      // maxps
    {SimdOp::f64x2_pmin, pd(0x5d), -1, true},                                      // minpd
    {SimdOp::f64x2_pmax, pd(0x5f), -1, true},                                      // maxpd
    {SimdOp::i8x16_abs, sse38(0x1c), -1, false, true},                             // pabsb
    {SimdOp::i16x8_abs, sse38(0x1d), -1, false, true},                             // pabsw
    {SimdOp::i32x4_abs, sse38(0x1e), -1, false, true},                             // pabsd
    {SimdOp::f32x4_nearest, sse3a(0x08), 8, false, true},                          // roundps
    {SimdOp::f32x4_floor, sse3a(0x08), 9, false, true},                            // roundps
    {SimdOp::f32x4_ceil, sse3a(0x08), 10, false, true},                            // roundps
    {SimdOp::f32x4_trunc, sse3a(0x08), 11, false, true},                           // roundps
    {SimdOp::f64x2_nearest, sse3a(0x09), 8, false, true},                          // roundpd
    {SimdOp::f64x2_floor, sse3a(0x09), 9, false, true},                            // roundpd
    {SimdOp::f64x2_ceil, sse3a(0x09), 10, false, true},                            // roundpd
    {SimdOp::f64x2_trunc, sse3a(0x09), 11, false, true},                           // roundpd
    {SimdOp::f32x4_sqrt, ps(0x51), -1, false, true},                               // sqrtps
    {SimdOp::f64x2_sqrt, pd(0x51), -1, false, true},                               // sqrtpd
    {SimdOp::i16x8_extend_low_i8x16_s, sse38(0x20), -1, false, true},              // pmovsxbw
    {SimdOp::i16x8_extend_low_i8x16_u, sse38(0x30), -1, false, true},              // pmovzxbw
    {SimdOp::i32x4_extend_low_i16x8_s, sse38(0x23), -1, false, true},              // pmovsxwd
    {SimdOp::i32x4_extend_low_i16x8_u, sse38(0x33), -1, false, true},              // pmovzxwd
    {SimdOp::i64x2_extend_low_i32x4_s, sse38(0x25), -1, false, true},              // pmovsxdq
    {SimdOp::i64x2_extend_low_i32x4_u, sse38(0x35), -1, false, true},              // pmovzxdq
    {SimdOp::f32x4_convert_i32x4_s, ps(0x5b), -1, false, true},                    // cvtdq2ps
    {SimdOp::f64x2_convert_low_i32x4_s, sse(Prefix::pf3, 0xe6), -1, false, true},  // cvtdq2pd
    {SimdOp::f32x4_demote_f64x2_zero, pd(0x5a), -1, false, true},                  // cvtpd2ps
    {SimdOp::f64x2_promote_low_f32x4, ps(0x5a), -1, false, true},                  // cvtps2pd
};

// The index into kSimple of each operation, or -1 if the operation is not there. v128_load32x2_u is the last SimdOp.
constexpr auto kSimpleIndex = [] {
  std::array<int8_t, static_cast<size_t>(SimdOp::v128_load32x2_u) + 1> index{};
  index.fill(-1);
  for (size_t i = 0; i < std::size(kSimple); ++i) index[static_cast<size_t>(kSimple[i].op)] = static_cast<int8_t>(i);
  return index;
}();
static_assert(std::size(kSimple) < 128);  // an index fits in int8_t

}  // namespace

// --- Helpers

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

// --- Dispatch

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
            xmm_payload(sse38(0x10));  // pblendvb
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

}  // namespace cairn::x64

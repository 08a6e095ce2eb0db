// Emits floating-point operations of several instructions, whose rare cases lie after the blocks.
#include <cstring>

#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using wasm::TrapKind;

Rm Emitter::constant_rm(std::span<const std::byte> bytes) {
  return Rm::m({.rodata = true, .displacement = static_cast<int32_t>(code_.add_constant(bytes))});
}

Rm Emitter::float_constant(unsigned size, double value) {
  std::array<std::byte, 8> bytes{};
  if (size == 4) {
    const auto single = static_cast<float>(value);
    std::memcpy(bytes.data(), &single, 4);
  } else {
    std::memcpy(bytes.data(), &value, 8);
  }
  return constant_rm(std::span<const std::byte>(bytes).first(size));
}

// The register of d holds the operand a already. Operands that compare equal differ at most in the sign of a zero,
// which `and` (max) or `or` (min) settles. If an operand is NaN, the result is the sum of both, which is NaN.
void Emitter::emit_fmin_max(const MachineInst& inst) {
  const unsigned d = reg(inst, 0), b = reg(inst, 2);
  const bool single = inst.size == 4, is_max = inst.extra != 0;
  const Encoding ucomis = {0x2e, single ? Prefix::none : Prefix::p66, Map::m0f, false};
  const Label differ = asm_.new_label(), done = asm_.new_label();
  x_op(ucomis, d, 0, Rm::r(b));
  asm_.jcc(Cc::ne, differ);
  asm_.jcc(Cc::p, cold_label(ColdKind::nan_add, done));
  colds_.back().inst = &inst;
  x_op(two_byte(is_max ? 0x54 : 0x56), d, d, Rm::r(b));  // andps or orps
  asm_.jmp(done);
  asm_.bind(differ);
  x_op(sse(single ? Prefix::pf3 : Prefix::pf2, is_max ? 0x5f : 0x5d), d, d, Rm::r(b));  // maxss, minss, maxsd or minsd
  asm_.bind(done);
}

// Emits the conversion, and a jump to the slow path for results that may be wrong:
//   i32 and i64, signed    the result is the least integer, the only one whose comparison with 1 sets OF
//   i32, unsigned          the 64-bit result does not fit in 32 bits
//   i64, unsigned          the result is negative
void Emitter::emit_trunc(const MachineInst& inst) {
  const unsigned d = reg(inst, 0), x = reg(inst, 1);
  const bool is_signed = (inst.extra & TruncFlags::is_signed) != 0;
  // cvttss2si or cvttsd2si, which give the least integer for a NaN and for numbers that do not fit
  const Encoding convert = sse((inst.extra & TruncFlags::from_f64) != 0 ? Prefix::pf2 : Prefix::pf3, 0x2c);
  const Label done = asm_.new_label();
  const auto slow = [&] {
    const Label entry = cold_label(ColdKind::truncate, done);
    colds_.back().inst = &inst;
    return entry;
  };
  if (is_signed) {
    x_op(convert.wide(inst.size == 8), d, 0, Rm::r(x));
    asm_.alu_rm_i(Alu::cmp, inst.size, Rm::r(d), 1);
    asm_.jcc(Cc::o, slow());
  } else if (inst.size == 4) {
    x_op(convert.wide(), kScratch, 0, Rm::r(x));
    asm_.mov_rr(false, d, kScratch);
    asm_.alu_rr(Alu::cmp, true, d, kScratch);
    asm_.jcc(Cc::ne, slow());
  } else {
    x_op(convert.wide(), d, 0, Rm::r(x));
    asm_.test_rr(true, d, d);
    asm_.jcc(Cc::s, slow());
  }
  asm_.bind(done);
}

// Emits code that corrects the result of emit_trunc(), or raises a trap.
bool Emitter::emit_trunc_slow(const MachineInst& inst, const Cold& cold) {
  const unsigned d = reg(inst, 0), x = reg(inst, 1);
  const bool is_signed = (inst.extra & TruncFlags::is_signed) != 0;
  const bool saturating = (inst.extra & TruncFlags::saturating) != 0;
  const bool from_double = (inst.extra & TruncFlags::from_f64) != 0;
  const unsigned size = from_double ? 8 : 4;
  const Encoding ucomis = {0x2e, from_double ? Prefix::p66 : Prefix::none, Map::m0f, false};
  const Prefix prefix = from_double ? Prefix::pf2 : Prefix::pf3;  // of the instructions *sd or *ss
  const bool wide = inst.size == 8;

  if (!is_signed && wide) {
    // An input of 2^63 or more is converted after 2^63 has been subtracted.
    const Label bad = asm_.new_label();
    asm_.movaps(cpu_.avx, kScratchXmm, x);
    x_op(sse(prefix, 0x5c), kScratchXmm, kScratchXmm, float_constant(size, 0x1p63));  // subss or subsd
    x_op(sse(prefix, 0x2c).wide(), d, 0, Rm::r(kScratchXmm));                         // cvttss2si or cvttsd2si
    asm_.test_rr(true, d, d);
    asm_.jcc(Cc::s, bad);
    asm_.mov_ri(kScratch, uint64_t{1} << 63);
    asm_.alu_rr(Alu::xor_, true, d, kScratch);
    asm_.jmp(cold.back);
    asm_.bind(bad);
  }
  x_op(ucomis, x, 0, Rm::r(x));
  if (!saturating) {
    asm_.jcc(Cc::p, trap_label(TrapKind::invalid_conversion_to_integer));
    const Label overflow = trap_label(TrapKind::integer_overflow);
    if (is_signed) {
      // The result is the least integer n. It is right if the input is not positive and truncates to n, that is, if it
      // lies above n-1. Only doubles converted to i32 can lie between n-1 and n; other inputs are compared with n.
      const bool below = from_double && !wide;
      x_op(ucomis, x, 0, float_constant(size, below ? -0x80000001p0 : wide ? -0x1p63 : -0x1p31));
      asm_.jcc(below ? Cc::be : Cc::b, overflow);
      x_op(two_byte(0x57), kScratchXmm, kScratchXmm, Rm::r(kScratchXmm));  // xorps
      x_op(ucomis, x, 0, Rm::r(kScratchXmm));
      asm_.jcc(Cc::a, overflow);
    } else {
      asm_.jmp(overflow);
    }
    return is_signed;
  }
  // A NaN gives 0. Other inputs give the least or the greatest integer.
  const Label nan = asm_.new_label(), low = asm_.new_label();
  asm_.jcc(Cc::p, nan);
  x_op(two_byte(0x57), kScratchXmm, kScratchXmm, Rm::r(kScratchXmm));  // xorps
  x_op(ucomis, x, 0, Rm::r(kScratchXmm));
  asm_.jcc(Cc::b, is_signed ? low : nan);
  asm_.mov_ri(d, is_signed ? (wide ? 0x7fff'ffff'ffff'ffffu : 0x7fff'ffffu) : (wide ? ~uint64_t{0} : 0xffff'ffffu));
  asm_.jmp(cold.back);
  asm_.bind(nan);
  asm_.mov_ri(d, 0);
  asm_.bind(low);  // d holds the least integer already
  return true;
}

// cvtsi2ss and cvtsi2sd take signed numbers, so a number whose top bit is set is converted in cold code.
void Emitter::emit_convert_u64(const MachineInst& inst) {
  const unsigned d = reg(inst, 0), from = reg(inst, 2);
  const Label done = asm_.new_label();
  x_op(two_byte(0x57), d, d, Rm::r(d));  // xorps
  asm_.test_rr(true, from, from);
  asm_.jcc(Cc::s, cold_label(ColdKind::convert_u64, done));
  colds_.back().inst = &inst;
  x_op(sse(inst.size == 4 ? Prefix::pf3 : Prefix::pf2, 0x2a).wide(), d, d, Rm::r(from));
  asm_.bind(done);
}

}  // namespace cairn::x64

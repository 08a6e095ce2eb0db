// Emits floating-point constants, minimum and maximum, rounding, and conversions to integers.
#include "base/assert.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

void Emitter::float_constant(const MachineInst& inst, PReg rd) {
  const uint64_t bits = static_cast<uint64_t>(inst.immediate);
  if (inst.size == 4) {
    const uint32_t low = static_cast<uint32_t>(bits);
    if (low == 0) return as_.r2(Op::fmv_w_x, rd, kZero);
    if (as_.immediate_length(static_cast<int32_t>(low)) == 1) {
      as_.load_immediate(kScratch, static_cast<int32_t>(low));
      return as_.r2(Op::fmv_w_x, rd, kScratch);
    }
    std::byte bytes[4];
    for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::byte>(low >> (8 * i));
    return as_.rodata(Op::flw, rd, kScratch, code_.add_constant(bytes));
  }
  if (bits == 0) return as_.r2(Op::fmv_d_x, rd, kZero);
  std::byte bytes[8];
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(bits >> (8 * i));
  as_.rodata(Op::fld, rd, kScratch, code_.add_constant(bytes));
}

// If one operand is NaN, RISC-V's fmin and fmax return the other operand, but WebAssembly's min and max return NaN.
void Emitter::float_min_max(const MachineInst& inst, Operands operands) {
  const bool wide = inst.size == 8, is_min = static_cast<Pseudo>(inst.opcode) == Pseudo::fmin;
  const PReg a = operands[0].reg(), b = operands[1].reg(), rd = operands[2].reg();
  const Op eq = wide ? Op::feq_d : Op::feq_s;
  as_.r3(is_min ? (wide ? Op::fmin_d : Op::fmin_s) : (wide ? Op::fmax_d : Op::fmax_s), rd, a, b);
  // A bit of `scale` is set if the operand is known not to be NaN: bit 0 for a, bit 1 for b.
  if (inst.scale == 3) return;
  const bool test_a = (inst.scale & 1) == 0, test_b = (inst.scale & 2) == 0;
  if (test_a) as_.r3(eq, kScratch, a, a);
  if (test_b && a != b) {
    as_.r3(eq, test_a ? kScratch2 : kScratch, b, b);
    if (test_a) as_.r3(Op::and_, kScratch, kScratch, kScratch2);
  }
  const Label nan = add_stub(Stub::Kind::nan, inst, {rd, a, b});
  as_.branch(Op::beq, kScratch, kZero, nan);
  as_.bind(stubs_.back().back);
}

// Rounds to an integer, by a conversion to an integer and back if |x| is below the limit (lower_rounding in
// lowering/lower_float.cpp).
void Emitter::float_round(const MachineInst& inst, Operands operands) {
  const bool wide = inst.size == 8;
  const PReg x = operands[0].reg(), limit = operands[1].reg(), rd = operands[2].reg();
  const Op abs = wide ? Op::fsgnjx_d : Op::fsgnjx_s;
  as_.r3(abs, kFloatScratch, x, x);
  as_.r3(wide ? Op::flt_d : Op::flt_s, kScratch, kFloatScratch, limit);
  // From the limit on, all numbers are integers, and x + 0 is the result. The addition makes a NaN quiet.
  const Label done = as_.new_label(), small = as_.new_label();
  as_.branch(Op::bne, kScratch, kZero, small);
  as_.r2(wide ? Op::fmv_d_x : Op::fmv_w_x, kFloatScratch, kZero);
  as_.r3(wide ? Op::fadd_d : Op::fadd_s, rd, x, kFloatScratch);
  as_.jump(done);
  as_.bind(small);
  as_.r2(wide ? Op::fcvt_l_d : Op::fcvt_w_s, kScratch, x, static_cast<Rounding>(inst.extra));
  as_.r2(wide ? Op::fcvt_d_l : Op::fcvt_s_w, rd, kScratch);
  as_.r3(wide ? Op::fsgnj_d : Op::fsgnj_s, rd, rd, x);  // keeps the sign: -0.3 rounds to -0
  as_.bind(done);
}

// RISC-V's conversions saturate, and give the largest integer for NaN. A result that saturation or NaN can give is
// examined out of line. `scale` is the size of the integer in bytes.
void Emitter::truncate(const MachineInst& inst, Operands operands) {
  const bool wide = inst.size == 8, is_unsigned = inst.extra != 0;
  const PReg x = operands[0].reg(), rd = operands[1].reg();
  const Label slow = add_stub(Stub::Kind::trunc, inst, {x, rd});
  if (inst.scale == 4) {
    // The conversion goes through 64 bits, where every valid result is exact.
    as_.r2(wide ? Op::fcvt_l_d : Op::fcvt_l_s, kScratch, x, Rounding::rtz);
    as_.ri(Op::addiw, rd, kScratch, 0);
    if (is_unsigned) {
      as_.ri(Op::srli, kScratch, kScratch, 32);
      as_.branch(Op::bne, kScratch, kZero, slow);
    } else {
      as_.branch(Op::bne, rd, kScratch, slow);
    }
  } else if (is_unsigned) {
    // The results to examine are 0 and 2^64 - 1.
    as_.r2(wide ? Op::fcvt_lu_d : Op::fcvt_lu_s, rd, x, Rounding::rtz);
    as_.ri(Op::addi, kScratch, rd, -1);
    as_.ri(Op::sltiu, kScratch, kScratch, -2);
    as_.branch(Op::beq, kScratch, kZero, slow);
  } else {
    // The results to examine are -2^63 and 2^63 - 1.
    as_.r2(wide ? Op::fcvt_l_d : Op::fcvt_l_s, rd, x, Rounding::rtz);
    as_.ri(Op::srai, kScratch, rd, 63);
    as_.r3(Op::xor_, kScratch, kScratch, rd);
    as_.ri(Op::addi, kScratch, kScratch, 1);
    as_.branch(Op::blt, kScratch, kZero, slow);
  }
  as_.bind(stubs_.back().back);
}

// Emits the check of a result that truncate() did not accept: a jump back if the result is right, and a trap otherwise.
void Emitter::truncate_stub(const Stub& s) {
  const bool wide = s.inst.size == 8, is_unsigned = s.inst.extra != 0;
  const PReg x = s.registers[0], rd = s.registers[1];
  const Op less = wide ? Op::flt_d : Op::flt_s, equal = wide ? Op::feq_d : Op::feq_s;
  const Label invalid = as_.new_label(), overflow = as_.new_label();
  if (s.inst.scale == 8 && is_unsigned) {
    // The result 0 is right for numbers above -1. If another result has come here, the number does not fit, or is NaN.
    as_.branch(Op::bne, rd, kZero, overflow);
    as_.load_immediate(kScratch, -1);
    as_.r2(wide ? Op::fcvt_d_w : Op::fcvt_s_w, kFloatScratch, kScratch);
    as_.r3(less, kScratch, kFloatScratch, x);
    as_.branch(Op::beq, kScratch, kZero, overflow);
    as_.jump(s.back);
  } else if (s.inst.scale == 8) {
    // The result -2^63 is right for the number -2^63. A result that is not negative is wrong here.
    as_.branch(Op::bge, rd, kZero, overflow);
    as_.r2(wide ? Op::fcvt_d_l : Op::fcvt_s_l, kFloatScratch, rd);
    as_.r3(equal, kScratch, kFloatScratch, x);
    as_.branch(Op::beq, kScratch, kZero, overflow);
    as_.jump(s.back);
  }
  as_.bind(overflow);
  as_.r3(equal, kScratch, x, x);
  as_.branch(Op::beq, kScratch, kZero, invalid);
  trap_here(payload_of(wasm::TrapKind::integer_overflow), s.inst.position);
  as_.bind(invalid);
  trap_here(payload_of(wasm::TrapKind::invalid_conversion_to_integer), s.inst.position);
}

}  // namespace cairn::rv64

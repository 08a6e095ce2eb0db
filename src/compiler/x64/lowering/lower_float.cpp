// Lowers scalar floating-point operations, and has the helpers that emit instructions on xmm registers.
#include <algorithm>

#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::Opcode;
using ir::Type;
using ir::Value;

namespace {

// The prefix of the scalar instructions *ss (4 bytes) and *sd (8 bytes).
constexpr Prefix scalar_prefix(unsigned size) { return size == 4 ? Prefix::pf3 : Prefix::pf2; }
constexpr Encoding kAndps = two_byte(0x54), kOrps = two_byte(0x56), kXorps = two_byte(0x57);

// Whether the instruction reads at most 8 bytes from memory, which is the size of a scalar's spill slot. The opcodes 0a
// and 0b are roundss and roundsd.
constexpr bool reads_scalar(Encoding encoding) {
  return encoding.prefix == Prefix::pf3 || encoding.prefix == Prefix::pf2 ||
         (encoding.map == Map::m0f3a && (encoding.opcode == 0x0a || encoding.opcode == 0x0b));
}

}  // namespace

// --- Helpers

int64_t X64Lowering::xmm_payload(Encoding encoding, int imm, bool merges) {
  return XmmPayload{encoding, imm >= 0, static_cast<uint8_t>(imm >= 0 ? imm : 0), merges}.pack();
}

void X64Lowering::x_unary_to(VReg d, Encoding encoding, VReg a, int imm, bool merges) {
  const bool any = result_.class_of(a) == RegClass::vector || reads_scalar(encoding);
  put(Op::x_rr, {Operand::def(d), any ? Operand::use_any(a) : Operand::use(a)}, 16).immediate =
      xmm_payload(encoding, imm, merges);
}

VReg X64Lowering::x_unary(Encoding encoding, VReg a, int imm, bool merges) {
  const VReg d = x_temporary();
  x_unary_to(d, encoding, a, imm, merges);
  return d;
}

void X64Lowering::x_binary_to(VReg d, Encoding encoding, VReg a, VReg b, int imm) {
  const bool any = result_.class_of(b) == RegClass::vector || reads_scalar(encoding);
  put(Op::x_rrr,
      {cpu_.avx ? Operand::def(d) : Operand::def_reuse(d, 1), Operand::use(a),
       any ? Operand::use_any(b) : Operand::use(b)},
      16)
      .immediate = xmm_payload(encoding, imm);
}

VReg X64Lowering::x_binary(Encoding encoding, VReg a, VReg b, int imm) {
  const VReg d = x_temporary();
  x_binary_to(d, encoding, a, b, imm);
  return d;
}

void X64Lowering::x_binary_constant_to(VReg d, Encoding encoding, VReg a, const AddressMode& constant, int imm) {
  put_address(Op::x_rrm, {cpu_.avx ? Operand::def(d) : Operand::def_reuse(d, 1), Operand::use(a)}, constant, 16)
      .immediate = xmm_payload(encoding, imm);
}

VReg X64Lowering::x_binary_constant(Encoding encoding, VReg a, const AddressMode& constant, int imm) {
  const VReg d = x_temporary();
  x_binary_constant_to(d, encoding, a, constant, imm);
  return d;
}

void X64Lowering::x_binary_fold_to(VReg d, Encoding encoding, Value a, Value b, unsigned fold_size, int imm) {
  b = resolve(b);
  const VReg first = use(a);
  const Instruction& second = inst(b);
  if (fold_size != 0 && second.opcode == Opcode::fconst && second.immediate != 0) {
    x_binary_constant_to(d, encoding, first, constant_address(&second.immediate, fold_size), imm);
    return;
  }
  if (fold_size == 16 && second.opcode == Opcode::vconst) {
    const ir::V128& bytes = function_.vector_constants[static_cast<size_t>(second.immediate)];
    const auto all = [&](std::byte value) {
      return std::ranges::all_of(bytes, [&](std::byte b) { return b == value; });
    };
    if (!all(std::byte{0}) && !all(std::byte{0xff})) {
      x_binary_constant_to(d, encoding, first, constant_address(bytes.data(), 16), imm);
      return;
    }
  }
  // Without AVX, an instruction faults on a memory operand of 16 bytes that is not aligned.
  if (fold_size != 0 && (fold_size < 16 || cpu_.avx)) {
    if (const auto address = fold_load(b, fold_size)) {
      x_binary_constant_to(d, encoding, first, *address, imm);
      return;
    }
  }
  x_binary_to(d, encoding, first, use(b), imm);
}

VReg X64Lowering::x_shift_imm(Encoding encoding, unsigned digit, VReg a, unsigned count) {
  const VReg d = x_temporary();
  x_shift_imm_to(d, encoding, digit, a, count);
  return d;
}

void X64Lowering::x_shift_imm_to(VReg d, Encoding encoding, unsigned digit, VReg a, unsigned count) {
  MachineInst& shift = put(Op::x_shift_i, {cpu_.avx ? Operand::def(d) : Operand::def_reuse(d, 1), Operand::use(a)}, 16);
  shift.immediate = xmm_payload(encoding, static_cast<int>(count));
  shift.extra = static_cast<uint8_t>(digit);
}

// --- Arithmetic

void X64Lowering::lower_float_binary(Value value, uint8_t opcode, bool commutes) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  Value a = instruction.operands[0], b = instruction.operands[1];
  if (commutes && !can_fold_load(resolve(b), size) &&
      (inst(resolve(a)).opcode == Opcode::fconst || can_fold_load(resolve(a), size))) {
    std::swap(a, b);
  }
  x_binary_fold_to(def(value), sse(scalar_prefix(size), opcode), a, b, size);
}

void X64Lowering::lower_float_unary_bits(Value value, bool negate) {
  const Instruction& instruction = inst(value);
  const bool single = instruction.type == Type::f32;
  const uint64_t sign = single ? 0x8000'0000'8000'0000 : 0x8000'0000'0000'0000;
  const uint64_t bits = negate ? sign : ~sign;
  const uint64_t mask[2] = {bits, bits};
  x_binary_constant_to(def(value), negate ? kXorps : kAndps, use(instruction.operands[0]), constant_address(mask, 16));
}

void X64Lowering::lower_copysign(Value value) {
  const Instruction& instruction = inst(value);
  const bool single = instruction.type == Type::f32;
  const uint64_t sign = single ? 0x8000'0000'8000'0000 : 0x8000'0000'0000'0000;
  const uint64_t sign_mask[2] = {sign, sign}, rest_mask[2] = {~sign, ~sign};
  const VReg magnitude = temporary(RegClass::floating), sign_bit = temporary(RegClass::floating);
  x_binary_constant_to(magnitude, kAndps, use(instruction.operands[0]), constant_address(rest_mask, 16));
  x_binary_constant_to(sign_bit, kAndps, use(instruction.operands[1]), constant_address(sign_mask, 16));
  x_binary_to(def(value), kOrps, magnitude, sign_bit);
}

void X64Lowering::lower_float(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  // Emits roundss or roundsd. Bit 3 of the immediate suppresses the precision exception. The modes are 0 to nearest
  // (ties to even), 1 down, 2 up and 3 toward zero.
  const auto round = [&](int mode) {
    const VReg source = use(instruction.operands[0]);
    x_unary_to(def(value), sse3a(size == 4 ? 0x0a : 0x0b), source, 8 | mode, true);
  };
  // Emits a unary operation whose operand may come from memory.
  const auto unary = [&](Encoding encoding, unsigned source_size) {
    if (const auto address = fold_load(instruction.operands[0], source_size)) {
      put_address(Op::x_rm, {Operand::def(def(value))}, *address, 16).immediate = xmm_payload(encoding, -1, true);
      return;
    }
    x_unary_to(def(value), encoding, use(instruction.operands[0]), -1, true);
  };
  switch (instruction.opcode) {
    case Opcode::fadd: return lower_float_binary(value, 0x58, true);   // addss, addsd
    case Opcode::fsub: return lower_float_binary(value, 0x5c, false);  // subss, subsd
    case Opcode::fmul: return lower_float_binary(value, 0x59, true);   // mulss, mulsd
    case Opcode::fdiv: return lower_float_binary(value, 0x5e, false);  // divss, divsd
    case Opcode::fmin:
    case Opcode::fmax: {
      const VReg a = use(instruction.operands[0]), b = use(instruction.operands[1]);
      put(Op::fmin_max, {Operand::def_reuse(def(value), 1), Operand::use(a), Operand::use(b)}, size).extra =
          instruction.opcode == Opcode::fmax;
      return;
    }
    case Opcode::fcopysign: return lower_copysign(value);
    case Opcode::fabs: return lower_float_unary_bits(value, false);
    case Opcode::fneg: return lower_float_unary_bits(value, true);
    case Opcode::fsqrt: return unary(sse(scalar_prefix(size), 0x51), size);  // sqrtss, sqrtsd
    case Opcode::fnearest: return round(0);
    case Opcode::ffloor: return round(1);
    case Opcode::fceil: return round(2);
    case Opcode::ftrunc: return round(3);
    case Opcode::fpromote: return unary(sse(Prefix::pf3, 0x5a), 4);  // cvtss2sd
    case Opcode::fdemote: return unary(sse(Prefix::pf2, 0x5a), 8);   // cvtsd2ss
    default: CAIRN_UNREACHABLE();
  }
}

// --- Conversions

void X64Lowering::lower_convert(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const bool is_unsigned = instruction.opcode == Opcode::convert_u;
  const bool from_wide = inst(instruction.operands[0]).type == Type::i64;
  const VReg result = def(value);
  if (is_unsigned && from_wide) {
    const VReg source = use(instruction.operands[0]);
    put(Op::convert_u64, {Operand::def(result), Operand::def_early(temporary(RegClass::integer)), Operand::use(source)},
        size);
    return;
  }
  // An unsigned 32-bit number is converted as a 64-bit number, whose upper half is zero.
  const bool wide = from_wide || is_unsigned;
  const VReg source = wide ? use(instruction.operands[0]) : use_low(instruction.operands[0]);
  put(Op::x_from_int, {Operand::def(result), Operand::use_any(source)}, size).immediate =
      xmm_payload(sse(scalar_prefix(size), 0x2a).wide(wide));  // cvtsi2ss, cvtsi2sd
}

void X64Lowering::lower_trunc(Value value) {
  const Instruction& instruction = inst(value);
  const Opcode opcode = instruction.opcode;
  unsigned flags = 0;
  if (opcode == Opcode::trunc_s || opcode == Opcode::trunc_sat_s) flags |= TruncFlags::is_signed;
  if (opcode == Opcode::trunc_sat_s || opcode == Opcode::trunc_sat_u) flags |= TruncFlags::saturating;
  if (inst(instruction.operands[0]).type == Type::f64) flags |= TruncFlags::from_f64;
  const VReg source = use(instruction.operands[0]);
  put(Op::trunc_int, {Operand::def(def(value)), Operand::use(source)}, width(instruction.type)).extra =
      static_cast<uint8_t>(flags);
}

void X64Lowering::lower_bitcast(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const VReg result = def(value);
  if (const auto address = fold_load(instruction.operands[0], size)) {
    put_address(ir::is_float(instruction.type) ? Op::load_x : Op::load, {Operand::def(result)}, *address, size)
        .condition = address->trap_kind;
    return;
  }
  if (ir::is_float(instruction.type)) {
    const VReg source = size == 4 ? use_low(instruction.operands[0]) : use(instruction.operands[0]);
    put(Op::x_from_gpr, {Operand::def(result), Operand::use_any(source)}, size);
  } else {
    const VReg source = use(instruction.operands[0]);
    put(Op::gpr_from_x, {Operand::def(result), Operand::use(source)}, size);
  }
}

}  // namespace cairn::x64

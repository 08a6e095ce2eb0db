// Lowers shifts of all lanes by one count.
#include <bit>

#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::SimdOp;
using ir::Value;

namespace {

constexpr unsigned kLeft = 6, kLogical = 2, kArithmetic = 4;  // the opcode digits of the shifts by an immediate

}  // namespace

// One shift of all lanes: its operation, and its operands.
struct X64Lowering::VectorShift {
  enum class Kind : uint8_t { left, right_signed, right_unsigned };

  // The digit of a shift by an immediate.
  [[nodiscard]] unsigned digit() const {
    return kind == Kind::left ? kLeft : kind == Kind::right_signed ? kArithmetic : kLogical;
  }
  // The opcode of a shift of words by a register: psllw, psraw or psrlw.
  [[nodiscard]] uint8_t opcode() const { return kind == Kind::left ? 0xf1 : kind == Kind::right_signed ? 0xe1 : 0xd1; }
  // The number to add to an opcode for words (lanes of 16 bits): 0, 1 or 2 for lanes of 16, 32 or 64 bits. Bytes are
  // shifted as words.
  [[nodiscard]] unsigned log() const { return static_cast<unsigned>(std::countr_zero(bits == 8 ? 16u : bits)) - 4; }

  static VectorShift of(SimdOp op) {
    switch (op) {
      case SimdOp::i8x16_shl: return {Kind::left, 8};
      case SimdOp::i8x16_shr_s: return {Kind::right_signed, 8};
      case SimdOp::i8x16_shr_u: return {Kind::right_unsigned, 8};
      case SimdOp::i16x8_shl: return {Kind::left, 16};
      case SimdOp::i16x8_shr_s: return {Kind::right_signed, 16};
      case SimdOp::i16x8_shr_u: return {Kind::right_unsigned, 16};
      case SimdOp::i32x4_shl: return {Kind::left, 32};
      case SimdOp::i32x4_shr_s: return {Kind::right_signed, 32};
      case SimdOp::i32x4_shr_u: return {Kind::right_unsigned, 32};
      case SimdOp::i64x2_shl: return {Kind::left, 64};
      case SimdOp::i64x2_shr_s: return {Kind::right_signed, 64};
      case SimdOp::i64x2_shr_u: return {Kind::right_unsigned, 64};
      default: CAIRN_UNREACHABLE();
    }
  }
  VectorShift(Kind shift_kind, unsigned lane_bits) : kind(shift_kind), bits(lane_bits) {}

  Kind kind;
  unsigned bits;  // the width of a lane
  VReg source;    // the vector
  Value count;
  std::optional<unsigned> fixed;  // the count modulo the width of a lane, if it is constant
};

void X64Lowering::lower_vector_shift(Value value) {
  const Instruction& instruction = inst(value);
  VectorShift shift = VectorShift::of(instruction.simd());
  const VReg d = def(value);
  shift.source = use(instruction.operands[0]);
  shift.count = instruction.operands[1];
  if (const auto constant = integer_constant(shift.count))
    shift.fixed = static_cast<unsigned>(*constant) & (shift.bits - 1);

  const bool is_signed = shift.kind == VectorShift::Kind::right_signed;
  if (shift.bits == 64 && is_signed) return shift_quads_signed(d, shift);
  if (shift.bits == 8) return is_signed ? shift_bytes_signed(d, shift) : shift_bytes(d, shift);
  if (shift.fixed) return shift_by_immediate(d, shift, shift.digit(), shift.source, *shift.fixed);
  const VReg count = shift_count(shift, 0);
  x_binary_to(d, i66(static_cast<uint8_t>(shift.opcode() + shift.log())), shift.source, count);
}

void X64Lowering::shift_by_immediate(VReg to, const VectorShift& shift, unsigned digit, VReg from, unsigned count) {
  // The shifts by an immediate have the opcode 0x71 for words (psllw, psrlw and psraw), and 0x72 and 0x73 for larger
  // lanes.
  x_shift_imm_to(to, i66(static_cast<uint8_t>(0x71 + shift.log())), digit, from, count);
}

VReg X64Lowering::shift_by_register(const VectorShift& shift, uint8_t opcode, VReg from, VReg count) {
  return x_binary(i66(static_cast<uint8_t>(opcode + shift.log())), from, count);
}

// Returns a vector register with the count modulo the width of a lane, plus `add`.
VReg X64Lowering::shift_count(const VectorShift& shift, unsigned add) {
  const VReg masked = temporary(RegClass::integer);
  MachineInst& mask = put(Op::alu_ri, {Operand::def_reuse(masked, 1), Operand::use(use_low(shift.count))}, 4);
  mask.extra = static_cast<uint8_t>(Alu::and_);
  mask.immediate = shift.bits - 1;
  VReg sum = masked;
  if (add != 0) {
    sum = temporary(RegClass::integer);
    put(Op::add_ri, {Operand::def(sum), Operand::use(masked)}, 4).immediate = add;
  }
  const VReg count = x_temporary();
  put(Op::x_from_gpr, {Operand::def(count), Operand::use_any(sum)}, 4);
  return count;
}

// Emits ((x >> n) ^ m) - m, where the shift is unsigned and m is the sign bit shifted right by n.
void X64Lowering::shift_quads_signed(VReg d, const VectorShift& shift) {
  VReg shifted, sign;
  if (shift.fixed) {
    shifted = x_temporary();
    shift_by_immediate(shifted, shift, kLogical, shift.source, *shift.fixed);
    const uint64_t m = (uint64_t{1} << 63) >> *shift.fixed;
    const uint64_t both[2] = {m, m};
    sign = x_temporary();
    put_address(Op::load_x, {Operand::def(sign)}, constant_address(both, 16), 16, codegen::InstFlag::rematerializable);
  } else {
    const VReg count = shift_count(shift, 0);
    shifted = shift_by_register(shift, 0xd1, shift.source, count);  // psrlq
    const VReg top = x_temporary();
    put_address(Op::load_x, {Operand::def(top)}, splat_constant(uint64_t{1} << 63), 16,
                codegen::InstFlag::rematerializable);
    sign = shift_by_register(shift, 0xd1, top, count);  // psrlq
  }
  x_binary_to(d, i66(0xfb), x_binary(kPxor, shifted, sign), sign);  // psubq
}

// Moves each byte to the upper half of a word, shifts the words right by 8 more than the count, and packs them again.
void X64Lowering::shift_bytes_signed(VReg d, const VectorShift& shift) {
  const VReg low = x_binary(i66(0x60), shift.source, shift.source);   // punpcklbw
  const VReg high = x_binary(i66(0x68), shift.source, shift.source);  // punpckhbw
  VReg low_shifted, high_shifted;
  if (shift.fixed) {
    low_shifted = x_temporary(), high_shifted = x_temporary();
    shift_by_immediate(low_shifted, shift, kArithmetic, low, *shift.fixed + 8);
    shift_by_immediate(high_shifted, shift, kArithmetic, high, *shift.fixed + 8);
  } else {
    const VReg count = shift_count(shift, 8);
    low_shifted = shift_by_register(shift, 0xe1, low, count);    // psraw
    high_shifted = shift_by_register(shift, 0xe1, high, count);  // psraw
  }
  x_binary_to(d, i66(0x63), low_shifted, high_shifted);  // packsswb
}

// Shifts words, then clears the bits that came from the neighbouring byte.
void X64Lowering::shift_bytes(VReg d, const VectorShift& shift) {
  const bool is_left = shift.kind == VectorShift::Kind::left;
  if (shift.fixed) {
    const VReg shifted = x_temporary();
    shift_by_immediate(shifted, shift, shift.digit(), shift.source, *shift.fixed);
    const uint64_t byte = is_left ? (0xffu << *shift.fixed) & 0xff : 0xffu >> *shift.fixed;
    x_binary_constant_to(d, kPand, shifted, splat_constant(byte * 0x0101'0101'0101'0101u));
    return;
  }
  const VReg count = shift_count(shift, 0);
  const VReg shifted = shift_by_register(shift, shift.opcode(), shift.source, count);
  // The low byte of each lane of `mask` has the bits to keep. The pshufb at the end copies the lowest byte to all
  // bytes.
  VReg mask;
  if (is_left) {
    mask = shift_by_register(shift, 0xf1, x_ones(), count);  // psllw
  } else {
    const VReg bytes = x_temporary();
    shift_by_immediate(bytes, shift, kLogical, x_ones(), 8);
    mask = shift_by_register(shift, 0xd1, bytes, count);  // psrlw
  }
  x_binary_to(d, kPand, shifted, x_binary(kPshufb, mask, x_zero()));
}

}  // namespace cairn::x64

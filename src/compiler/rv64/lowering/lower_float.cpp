// Selects instructions for floating-point arithmetic and conversions.
//
// RISC-V's arithmetic gives the canonical NaN for every NaN, which WebAssembly allows. RISC-V's min and max prefer
// numbers to NaN, which WebAssembly does not allow. RISC-V's conversions to integers saturate, and give the largest
// integer for NaN.
#include <bit>

#include "base/assert.hpp"
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using ir::Condition;
using ir::Opcode;
using ir::Type;
using ir::Value;

bool Lower::lower_float(Value value) {
  const ir::Instruction& instruction = inst(value);
  const Type type = instruction.type;
  const bool wide = type == Type::f64;
  const auto binary = [&](Op single_op, Op double_op) {
    const VReg a = use(instruction.operands[0]);
    op3(wide ? double_op : single_op, def(value), a, use(instruction.operands[1]));
    return true;
  };
  const auto same_twice = [&](Op single_op, Op double_op) {
    const VReg a = use(instruction.operands[0]);
    op3(wide ? double_op : single_op, def(value), a, a);
    return true;
  };
  switch (instruction.opcode) {
    case Opcode::fadd: return binary(Op::fadd_s, Op::fadd_d);
    case Opcode::fsub: return binary(Op::fsub_s, Op::fsub_d);
    case Opcode::fmul: return binary(Op::fmul_s, Op::fmul_d);
    case Opcode::fdiv: return binary(Op::fdiv_s, Op::fdiv_d);
    case Opcode::fcopysign: return binary(Op::fsgnj_s, Op::fsgnj_d);
    case Opcode::fabs: return same_twice(Op::fsgnjx_s, Op::fsgnjx_d);
    case Opcode::fneg: return same_twice(Op::fsgnjn_s, Op::fsgnjn_d);
    case Opcode::fsqrt: op2(wide ? Op::fsqrt_d : Op::fsqrt_s, def(value), use(instruction.operands[0])); return true;
    case Opcode::fmin:
    case Opcode::fmax: {
      // Whether the value is a constant that is not NaN. The shift drops the sign. The bits of a NaN are then above
      // those of infinity.
      const auto is_number = [&](Value v) {
        const ir::Instruction& constant = inst(resolve(v));
        if (constant.opcode != Opcode::fconst) return false;
        const uint64_t bits = static_cast<uint64_t>(constant.immediate);
        return wide ? (bits << 1) <= 0xffe0'0000'0000'0000u : static_cast<uint32_t>(bits << 1) <= 0xff00'0000u;
      };
      const VReg a = use(instruction.operands[0]), b = use(instruction.operands[1]);
      MachineInst& m = emit(opcode_of(instruction.opcode == Opcode::fmin ? Pseudo::fmin : Pseudo::fmax),
                            {Operand::use(a), Operand::use(b), Operand::def_early(def(value))});
      m.size = wide ? 8 : 4;
      m.scale = static_cast<uint8_t>((is_number(instruction.operands[0]) ? 1 : 0) +
                                     (is_number(instruction.operands[1]) ? 2 : 0));
      return true;
    }
    case Opcode::fceil: lower_rounding(value, Rounding::rup); return true;
    case Opcode::ffloor: lower_rounding(value, Rounding::rdn); return true;
    case Opcode::ftrunc: lower_rounding(value, Rounding::rtz); return true;
    case Opcode::fnearest: lower_rounding(value, Rounding::rne); return true;
    case Opcode::fcmp: {
      const auto [result, inverted] = float_compare(instruction);
      if (inverted)
        opi(Op::xori, def(value), result, 1);
      else
        copy(def(value), result);
      return true;
    }
    case Opcode::fpromote: op2(Op::fcvt_d_s, def(value), use(instruction.operands[0])); return true;
    case Opcode::fdemote: op2(Op::fcvt_s_d, def(value), use(instruction.operands[0])); return true;
    case Opcode::trunc_s:
    case Opcode::trunc_u:
    case Opcode::trunc_sat_s:
    case Opcode::trunc_sat_u:
    case Opcode::convert_s:
    case Opcode::convert_u:
    case Opcode::bitcast: lower_conversion(value); return true;
    default: return false;
  }
}

std::pair<VReg, bool> Lower::float_compare(const ir::Instruction& compare) {
  const bool wide = inst(compare.operands[0]).type == Type::f64;
  const VReg a = use(compare.operands[0]), b = use(compare.operands[1]);
  const Op eq = wide ? Op::feq_d : Op::feq_s, lt = wide ? Op::flt_d : Op::flt_s, le = wide ? Op::fle_d : Op::fle_s;
  switch (compare.condition()) {
    case Condition::feq: return {op3(eq, a, b), false};
    case Condition::fne: return {op3(eq, a, b), true};
    case Condition::flt: return {op3(lt, a, b), false};
    case Condition::fle: return {op3(le, a, b), false};
    case Condition::fgt: return {op3(lt, b, a), false};
    case Condition::fge: return {op3(le, b, a), false};
    default: CAIRN_UNREACHABLE();
  }
}

// Emits a rounding by a conversion to an integer and back, if |x| is below 2^52 (2^23 for f32). Every other x is an
// integer, infinite or NaN.
void Lower::lower_rounding(Value value, Rounding rounding) {
  const ir::Instruction& instruction = inst(value);
  const bool wide = instruction.type == Type::f64;
  const VReg x = use(instruction.operands[0]);
  const VReg limit = temporary(RegClass::floating);
  MachineInst& constant = emit(opcode_of(Pseudo::fconst), {Operand::def(limit)}, codegen::InstFlag::rematerializable);
  constant.immediate = wide ? 0x4330'0000'0000'0000 : 0x4b00'0000;
  constant.size = wide ? 8 : 4;
  MachineInst& m =
      emit(opcode_of(Pseudo::fround), {Operand::use(x), Operand::use(limit), Operand::def_early(def(value))});
  m.size = wide ? 8 : 4;
  m.extra = static_cast<uint8_t>(rounding);
}

// Lowers bitcasts, and conversions between integers and floats. The indices of each table kOps are: whether the float
// is an f64, whether the integer is an i64, and whether it is unsigned.
void Lower::lower_conversion(Value value) {
  const ir::Instruction& instruction = inst(value);
  const Value operand = instruction.operands[0];
  const Type from = inst(operand).type, to = instruction.type;
  const bool is_unsigned = instruction.opcode == Opcode::trunc_u || instruction.opcode == Opcode::trunc_sat_u ||
                           instruction.opcode == Opcode::convert_u;
  const VReg rd = def(value);
  switch (instruction.opcode) {
    case Opcode::bitcast:
      if (from == Type::f32 || from == Type::f64)
        op2(from == Type::f64 ? Op::fmv_x_d : Op::fmv_x_w, rd, use(operand));
      else
        op2(from == Type::i32 ? Op::fmv_w_x : Op::fmv_d_x, rd,
            from == Type::i32 ? use_low_or_zero(operand) : use_or_zero(operand));
      return;
    case Opcode::convert_s:
    case Opcode::convert_u: {
      constexpr Op kOps[2][2][2] = {{{Op::fcvt_s_w, Op::fcvt_s_wu}, {Op::fcvt_s_l, Op::fcvt_s_lu}},
                                    {{Op::fcvt_d_w, Op::fcvt_d_wu}, {Op::fcvt_d_l, Op::fcvt_d_lu}}};
      const bool narrow = from == Type::i32;
      op2(kOps[to == Type::f64][!narrow][is_unsigned], rd, narrow ? use_low(operand) : use(operand));
      return;
    }
    case Opcode::trunc_sat_s:
    case Opcode::trunc_sat_u: {
      constexpr Op kOps[2][2][2] = {{{Op::fcvt_w_s, Op::fcvt_wu_s}, {Op::fcvt_l_s, Op::fcvt_lu_s}},
                                    {{Op::fcvt_w_d, Op::fcvt_wu_d}, {Op::fcvt_l_d, Op::fcvt_lu_d}}};
      const VReg x = use(operand);
      const VReg saturated = op2(kOps[from == Type::f64][to == Type::i64][is_unsigned], x, Rounding::rtz);
      const VReg is_number = op3(from == Type::f64 ? Op::feq_d : Op::feq_s, x, x);
      op3(Op::and_, rd, saturated, op3(Op::sub, kZero, is_number));
      return;
    }
    default: {
      MachineInst& m = emit(opcode_of(Pseudo::trunc), {Operand::use_late(use(operand)), Operand::def_early(rd)});
      m.size = from == Type::f64 ? 8 : 4;
      m.scale = to == Type::i64 ? 8 : 4;
      m.extra = is_unsigned ? 1 : 0;
      return;
    }
  }
}

}  // namespace cairn::rv64

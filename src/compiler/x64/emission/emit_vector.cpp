// Emits instructions on xmm registers, for scalars and vectors.
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using wasm::TrapKind;

void Emitter::x_op(Encoding encoding, unsigned r, unsigned first, const Rm& second, unsigned immediate_bytes) {
  if (cpu_.avx) {
    asm_.vex(encoding, r, first, second, immediate_bytes);
  } else {
    asm_.rm(encoding, r, second, immediate_bytes);
  }
}

void Emitter::emit_xmm(const MachineInst& inst, unsigned d) {
  const XmmPayload payload = XmmPayload::unpack(inst.immediate);
  const Encoding encoding = payload.encoding;
  const unsigned imm_bytes = payload.has_imm ? 1 : 0;
  const auto finish_imm = [&] {
    if (payload.has_imm) asm_.imm8(payload.imm);
  };
  asm_.set_trap(inst.position, TrapKind::out_of_bounds_memory_access);
  switch (static_cast<Op>(inst.opcode)) {
    case Op::zero_x: x_op(two_byte(0x57), d, d, Rm::r(d)); break;          // xorps
    case Op::ones_x: x_op(sse(Prefix::p66, 0x76), d, d, Rm::r(d)); break;  // pcmpeqd
    case Op::load_x:
      asm_.set_trap(inst.position, static_cast<TrapKind>(inst.condition));
      asm_.load_xmm(cpu_.avx, inst.size, d, address(inst));
      break;
    case Op::store_x:
      asm_.set_trap(inst.position, static_cast<TrapKind>(inst.condition));
      asm_.store_xmm(cpu_.avx, inst.size, address(inst), d);
      break;
    case Op::x_rr: {
      const Rm a = rm(inst, 1);
      // A movaps of a register to itself is left out.
      if (a.is_register && a.reg == d && encoding.map == Map::m0f && encoding.opcode == 0x28) break;
      x_op(encoding, d, !payload.merges ? 0 : a.is_register ? a.reg : d, a, imm_bytes);
      finish_imm();
      break;
    }
    case Op::x_rm:
      x_op(encoding, d, payload.merges ? d : 0, Rm::m(address(inst)), imm_bytes);
      finish_imm();
      break;
    case Op::x_rrr:
    case Op::x_insert:
      x_op(encoding, d, reg(inst, 1), rm(inst, 2), imm_bytes);
      finish_imm();
      break;
    case Op::x_rrm:
    case Op::x_insert_m:
      x_op(encoding, d, reg(inst, 1), Rm::m(address(inst)), imm_bytes);
      finish_imm();
      break;
    case Op::x_extract_m:
      x_op(encoding, d, 0, Rm::m(address(inst)), imm_bytes);
      finish_imm();
      break;
    case Op::x_shift_i:
      if (cpu_.avx) {
        asm_.vex(encoding, inst.extra, d, Rm::r(reg(inst, 1)), 1);
      } else {
        asm_.rm(encoding, inst.extra, Rm::r(d), 1);
      }
      asm_.imm8(payload.imm);
      break;
    // movd, or movq if the size is 8
    case Op::x_from_gpr: x_op(Encoding{0x6e, Prefix::p66, Map::m0f, inst.size == 8}, d, 0, rm(inst, 1)); break;
    case Op::gpr_from_x: x_op(Encoding{0x7e, Prefix::p66, Map::m0f, inst.size == 8}, reg(inst, 1), 0, Rm::r(d)); break;
    case Op::x_from_int:
      x_op(two_byte(0x57), d, d, Rm::r(d));  // xorps breaks the dependence on the old value of d
      x_op(encoding, d, d, rm(inst, 1));
      break;
    case Op::int_from_x:
      // With `merges` (pextrb and the like), the xmm register is in the reg field of ModRM. Otherwise (movmskps and the
      // like) the general register is.
      if (payload.merges) {
        x_op(encoding, reg(inst, 1), 0, Rm::r(d), imm_bytes);
      } else {
        x_op(encoding, d, 0, Rm::r(reg(inst, 1)), imm_bytes);
      }
      finish_imm();
      break;
    case Op::x_blendv:
      if (cpu_.avx) {
        // In the VEX forms, an immediate names the mask's register, and pblendvb, blendvps and blendvpd have the
        // opcodes 4c, 4a and 4b instead of 10, 14 and 15 [sdm 2].
        const uint8_t opcode = encoding.opcode == 0x10 ? 0x4c : encoding.opcode == 0x14 ? 0x4a : 0x4b;
        asm_.vex(sse3a(opcode), d, reg(inst, 1), Rm::r(reg(inst, 2)), 1);
        asm_.imm8(reg(inst, 3) << 4);
      } else {
        asm_.rm(encoding, d, Rm::r(reg(inst, 2)));
      }
      break;
    case Op::fmin_max: emit_fmin_max(inst); break;
    case Op::trunc_int: emit_trunc(inst); break;
    case Op::convert_u64: emit_convert_u64(inst); break;
    case Op::fma: asm_.vex(encoding, d, reg(inst, 2), rm(inst, 3)); break;
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::x64

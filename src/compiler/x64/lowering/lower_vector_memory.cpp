// Lowers vector loads and stores that do more than move 16 bytes.
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using ir::SimdOp;
using ir::Value;

void X64Lowering::lower_vector_memory(Value value) {
  const Instruction& instruction = inst(value);
  const MemoryAccess& access = function_.memory_access(value);
  const auto lane = static_cast<int>(instruction.lane());
  switch (instruction.opcode) {
    case Opcode::heap_load_lane: {
      const VReg vector = use(instruction.operands[2]);
      const AddressMode address = address_of(value);
      const VReg d = def(value);
      // pinsrb, pinsrw, pinsrd or pinsrq
      const Encoding encoding = access.size == 1   ? sse3a(0x20)
                                : access.size == 2 ? i66(0xc4)
                                                   : sse3a(0x22).wide(access.size == 8);
      put_address(Op::x_insert_m, {cpu_.avx ? Operand::def(d) : Operand::def_reuse(d, 1), Operand::use(vector)},
                  address, access.size)
          .immediate = xmm_payload(encoding, lane);
      return;
    }
    case Opcode::heap_store_lane: {
      const VReg vector = use(instruction.operands[2]);
      const AddressMode address = address_of(value);
      if (lane == 0 && access.size >= 4) {
        put_address(Op::store_x, {Operand::use(vector)}, address, access.size).condition = address.trap_kind;
        return;
      }
      // pextrb, pextrw, pextrd or pextrq
      const Encoding encoding = access.size == 1   ? sse3a(0x14)
                                : access.size == 2 ? sse3a(0x15)
                                                   : sse3a(0x16).wide(access.size == 8);
      put_address(Op::x_extract_m, {Operand::use(vector)}, address, access.size).immediate =
          xmm_payload(encoding, lane);
      return;
    }
    case Opcode::heap_load_zero: {
      const AddressMode address = address_of(value);
      put_address(Op::load_x, {Operand::def(def(value))}, address, access.size).condition = address.trap_kind;
      return;
    }
    case Opcode::heap_load_extend: {
      Encoding encoding{};
      switch (instruction.simd()) {
        case SimdOp::v128_load8x8_s: encoding = sse38(0x20); break;   // pmovsxbw
        case SimdOp::v128_load8x8_u: encoding = sse38(0x30); break;   // pmovzxbw
        case SimdOp::v128_load16x4_s: encoding = sse38(0x23); break;  // pmovsxwd
        case SimdOp::v128_load16x4_u: encoding = sse38(0x33); break;  // pmovzxwd
        case SimdOp::v128_load32x2_s: encoding = sse38(0x25); break;  // pmovsxdq
        case SimdOp::v128_load32x2_u: encoding = sse38(0x35); break;  // pmovzxdq
        default: CAIRN_UNREACHABLE();
      }
      const AddressMode address = address_of(value);
      put_address(Op::x_rm, {Operand::def(def(value))}, address, 8).immediate = xmm_payload(encoding);
      return;
    }
    case Opcode::heap_load_splat: {
      const VReg d = def(value);
      const AddressMode address = address_of(value);
      const auto from_memory = [&](Encoding encoding) {
        put_address(Op::x_rm, {Operand::def(d)}, address, access.size).immediate = xmm_payload(encoding);
      };
      if (access.size == 8) return from_memory(sse(Prefix::pf2, 0x12));   // movddup
      if (access.size == 4 && cpu_.avx) return from_memory(sse38(0x18));  // vbroadcastss
      // vpbroadcastb or vpbroadcastw
      if (access.size <= 2 && cpu_.avx2) return from_memory(sse38(access.size == 1 ? 0x78 : 0x79));
      if (access.size == 4) {
        const VReg scalar = x_temporary();
        put_address(Op::load_x, {Operand::def(scalar)}, address, 4).condition = address.trap_kind;
        return x_unary_to(d, kPshufd, scalar, 0);
      }
      const VReg loaded = temporary(RegClass::integer), scalar = x_temporary();
      MachineInst& load = put_address(Op::load, {Operand::def(loaded)}, address, access.size);
      load.extra = static_cast<uint8_t>(access.size == 1 ? Extend::zero8 : Extend::zero16);
      load.condition = address.trap_kind;
      put(Op::x_from_gpr, {Operand::def(scalar), Operand::use_any(loaded)}, 4);
      if (access.size == 1) return x_binary_to(d, sse38(0x00), scalar, x_zero());    // pshufb
      return x_unary_to(d, kPshufd, x_unary(sse(Prefix::pf2, 0x70), scalar, 0), 0);  // pshuflw, then pshufd
    }
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::x64

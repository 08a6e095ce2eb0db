// Emits atomic accesses. In each operation, only the first instruction that accesses memory may fault.
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

namespace {

// Returns the form of an instruction for operands of `size` bytes. The opcode for bytes is one less than that for the
// other sizes.
Encoding sized(Encoding encoding, unsigned size) {
  if (size == 1) return {static_cast<uint8_t>(encoding.opcode - 1), encoding.prefix, encoding.map, false};
  return {encoding.opcode, size == 2 ? Prefix::p66 : Prefix::none, encoding.map, size == 8};
}

constexpr Encoding kXchg = one_byte(0x87);
constexpr Encoding kXadd = two_byte(0xc1);
constexpr Encoding kCmpxchg = two_byte(0xb1);

}  // namespace

void Emitter::emit_atomic(const MachineInst& inst) {
  const unsigned size = inst.size;
  Address memory = address(inst);
  asm_.set_trap(inst.position, static_cast<wasm::TrapKind>(inst.condition));
  // Zero-extends the old value, which is in the low bytes of `r`. A value of 4 bytes needs nothing, because an
  // instruction of 32 bits has cleared the upper half already.
  const auto zero_extend = [&](unsigned r) {
    if (size == 1) asm_.movzx8(r, r);
    if (size == 2) asm_.rm(two_byte(0xb7), r, Rm::r(r));  // movzx
  };
  switch (static_cast<Op>(inst.opcode)) {
    case Op::atomic_xchg:
      asm_.rm(sized(kXchg, size), reg(inst, 0), Rm::m(memory), 0, size == 1);  // xchg locks without the prefix
      zero_extend(reg(inst, 0));
      break;
    case Op::atomic_add:
      asm_.locked(sized(kXadd, size), reg(inst, 0), memory, size == 1);
      zero_extend(reg(inst, 0));
      break;
    case Op::atomic_alu:  // the ALU instruction with the number n has the opcode 8 n + 1
      asm_.locked(sized(one_byte(static_cast<uint8_t>(inst.extra * 8 + 1)), size), reg(inst, 0), memory, size == 1);
      break;
    case Op::atomic_loop: {
      const Label again = asm_.new_label();
      emit_extend(rax, Rm::m(memory), size == 1 ? Extend::zero8 : size == 2 ? Extend::zero16 : Extend::none, size);
      memory.traps = false;
      asm_.bind(again);
      asm_.mov_rr(size == 8, kScratch, rax);
      asm_.alu_rr(static_cast<Alu>(inst.extra), size == 8, kScratch, reg(inst, 1));
      asm_.locked(sized(kCmpxchg, size), kScratch, memory, size == 1);
      asm_.jcc(Cc::ne, again);
      break;
    }
    case Op::atomic_cas:
      asm_.locked(sized(kCmpxchg, size), reg(inst, 2), memory, size == 1);
      // If the words were equal, rax still holds the expected value, whose upper half may be anything.
      if (size == 4) asm_.mov_rr(false, rax, rax);
      zero_extend(rax);
      break;
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::x64

// Emits atomic accesses as loops of LR (load-reserved) and SC (store-conditional). Each loop has at most 16
// instructions, and those between LR and SC are of the base instruction set, because only such loops are guaranteed to
// make progress [riscv 14.3].
#include "base/assert.hpp"
#include "compiler/ir/function.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

void Emitter::atomic(const MachineInst& inst, Operands operands) {
  const PReg address = operands[0].reg(), by = operands[1].reg(), old = operands.back().reg();
  const Label again = as_.new_label(), done = as_.new_label();
  // Stores `value` by an SC, which sets t6 to 0 if it succeeds, and repeats the loop if it fails.
  const auto store_back = [&](Op op, PReg value) {
    as_.r3(op, kScratch, address, value);
    as_.branch(Op::bne, kScratch, kZero, again);
  };
  as_.bind(again);
  trap_site(inst);
  switch (static_cast<Pseudo>(inst.opcode)) {
    case Pseudo::atomic_cas: {
      const bool wide = inst.size == 8;
      as_.r2(wide ? Op::lr_d : Op::lr_w, old, address);
      as_.branch(Op::bne, old, by, done);
      store_back(wide ? Op::sc_d : Op::sc_w, operands[2].reg());
      break;
    }
    case Pseudo::atomic_narrow_cas:
      as_.r2(Op::lr_w, old, address);
      as_.r3(Op::and_, kScratch, old, operands[3].reg());
      as_.branch(Op::bne, kScratch, by, done);
      as_.r3(Op::xor_, kScratch, old, operands[2].reg());
      store_back(Op::sc_w, kScratch);
      break;
    case Pseudo::atomic_narrow: {
      // The stored word has the new bits where the mask is set, and the old bits elsewhere.
      const auto op = static_cast<ir::AtomicOp>(inst.extra);
      const PReg mask = operands[2].reg();
      as_.r2(Op::lr_w, old, address);
      if (op == ir::AtomicOp::xchg) {
        as_.r3(Op::xor_, kScratch, old, by);
      } else {
        as_.r3(op == ir::AtomicOp::add ? Op::add : Op::sub, kScratch, old, by);
        as_.r3(Op::xor_, kScratch, kScratch, old);
      }
      as_.r3(Op::and_, kScratch, kScratch, mask);
      as_.r3(Op::xor_, kScratch, kScratch, old);
      store_back(Op::sc_w, kScratch);
      break;
    }
    default: CAIRN_UNREACHABLE();
  }
  as_.bind(done);
}

}  // namespace cairn::rv64

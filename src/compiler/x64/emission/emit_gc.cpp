// Emits inline allocations, which bump a pointer, and the write barrier's test. The rare case of each lies after the
// blocks: it calls a builtin whose stub keeps all registers except r11 and xmm15, takes its arguments from
// VMStoreState, and gives its result in r11.
#include "abi/builtins.hpp"
#include "abi/vmcontext.hpp"
#include "compiler/codegen/allocation/stack_maps.hpp"
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using abi::ObjectKind;
using abi::VMArray;
using abi::VMContext;
using abi::VMObject;
using abi::VMStoreState;

namespace {

constexpr int64_t kTop = offsetof(VMStoreState, allocation) + offsetof(abi::VMAllocation, top);
constexpr int64_t kLimit = offsetof(VMStoreState, allocation) + offsetof(abi::VMAllocation, limit);

Address at(unsigned base, int64_t offset) {
  return {.base = static_cast<uint8_t>(base), .displacement = static_cast<int32_t>(offset)};
}
Address at(unsigned base, unsigned index, int64_t offset) {
  return {.base = static_cast<uint8_t>(base),
          .index = static_cast<uint8_t>(index),
          .displacement = static_cast<int32_t>(offset)};
}
// The place of the builtin's argument number i; r11 holds the VMStoreState.
Address argument(unsigned i) { return at(kScratch, int64_t{offsetof(VMStoreState, arguments)} + 4 * i); }

}  // namespace

// Stores the canonical id of the module's type number `type`, zero-extended to `size` bytes. The relocation patches the
// last 4 bytes of the instruction.
void Emitter::store_type_id(unsigned size, const Address& to, uint32_t type) {
  asm_.store_imm(size, to, 0x7fff'ffff);  // a placeholder of 4 bytes
  code_.relocations.push_back({codegen::RelocationKind::type_id, code_.offset() - 4, type, 0});
}

void Emitter::emit_gc_new(const MachineInst& inst) {
  const unsigned object = reg(inst, 0), base = reg(inst, 1);
  const GcNewPayload payload = GcNewPayload::unpack(inst.immediate);
  const auto kind = static_cast<ObjectKind>(inst.extra);
  const int32_t size = inst.displacement;
  const Label back = asm_.new_label();
  // Until the last instruction subtracts the size, the register `object` holds the end of the new object. So the fields
  // have negative offsets from it.
  asm_.load(true, kScratch, at(kContext, offsetof(VMContext, store)));
  asm_.load(true, object, at(kScratch, kTop));
  asm_.alu_rm_i(Alu::add, 8, Rm::r(object), size);
  asm_.alu_r_rm(Alu::cmp, true, object, Rm::m(at(kScratch, kLimit)));
  asm_.jcc(Cc::a, cold_label(ColdKind::gc, back));
  colds_.back().inst = &inst;
  asm_.store(8, at(kScratch, kTop), object);
  static_assert(offsetof(VMObject, flags) == 4 && offsetof(VMObject, kind) == 5);
  // The store of 8 bytes also clears the flags and the kind, whose value 0 is ObjectKind::structure.
  store_type_id(8, at(base, object, -int64_t{size}), payload.type);
  if (kind != ObjectKind::structure) {
    asm_.store_imm(4, at(base, object, 4 - int64_t{size}), static_cast<int32_t>(kind) << 8);
  }
  if (kind == ObjectKind::array) {
    // This store has 8 bytes: it also clears the 4 bytes after the length, where elements may begin.
    asm_.store_imm(8, at(base, object, int64_t{offsetof(VMArray, length)} - size),
                   static_cast<int32_t>(payload.length));
    int32_t done = 16;  // bytes from the object's start that are written; the rest becomes zero
    if (done + 16 <= size) x_op(sse(Prefix::none, 0x57), kScratchXmm, kScratchXmm, Rm::r(kScratchXmm));  // xorps
    for (; done + 16 <= size; done += 16)
      asm_.store_xmm(cpu_.avx, 16, at(base, object, int64_t{done} - size), kScratchXmm);
    if (done < size) asm_.store_imm(8, at(base, object, int64_t{done} - size), 0);
  }
  asm_.alu_rm_i(Alu::sub, 4, Rm::r(object), size);
  asm_.bind(back);
}

// Tests the object's barrier flag. If it is set, the slow path reports the write to the runtime.
void Emitter::emit_gc_barrier(const MachineInst& inst) {
  const Label back = asm_.new_label();
  asm_.test_rm_i(1, Rm::m(at(reg(inst, 0), reg(inst, 1), offsetof(VMObject, flags))), abi::kBarrierFlag);
  asm_.jcc(Cc::ne, cold_label(ColdKind::gc, back));
  colds_.back().inst = &inst;
  asm_.bind(back);
}

// Emits the rare case of gc_new or gc_barrier: the call of the builtin of the same name.
void Emitter::emit_gc_slow(const MachineInst& inst) {
  const bool is_new = static_cast<Op>(inst.opcode) == Op::gc_new;
  asm_.load(true, kScratch, at(kContext, offsetof(VMContext, store)));
  if (is_new) {
    const GcNewPayload payload = GcNewPayload::unpack(inst.immediate);
    store_type_id(4, argument(0), payload.type);
    asm_.store_imm(4, argument(1), static_cast<int32_t>(payload.length));
  } else {
    asm_.store(4, argument(0), reg(inst, 1));
    asm_.store_imm(4, argument(1), inst.displacement);
    if (inst.operand_count > 2) {
      asm_.store(4, argument(2), reg(inst, 2));
    } else {
      asm_.store_imm(4, argument(2), 0);
    }
  }
  const abi::Builtin builtin = is_new ? abi::Builtin::gc_new : abi::Builtin::gc_barrier;
  asm_.load(true, kScratch, at(kContext, offsetof(VMContext, builtins)));
  asm_.call_rm(Rm::m(at(kScratch, 8 * static_cast<int64_t>(builtin))));
  code_.calls.push_back({code_.offset(), inst.position, 0});
  const auto index = static_cast<uint32_t>(&inst - function_.insts.data());
  codegen::set_stack_map(allocation_, codegen::MInst(index), code_.calls.back());
  if (is_new) asm_.mov_rr(false, reg(inst, 0), kScratch);
}

}  // namespace cairn::x64

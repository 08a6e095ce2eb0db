// Emits allocations, which bump a pointer, and the test of the write barrier. Their rare cases are out of line: they
// call a builtin whose stub keeps all allocatable registers. The stub takes the arguments from VMStoreState and gives
// the result in t6.
#include "abi/builtins.hpp"
#include "abi/vmcontext.hpp"
#include "compiler/codegen/allocation/stack_maps.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

using abi::VMContext;
using abi::VMObject;
using abi::VMStoreState;

namespace {

constexpr int64_t kTop = offsetof(VMStoreState, allocation) + offsetof(abi::VMAllocation, top);
constexpr int64_t kLimit = offsetof(VMStoreState, allocation) + offsetof(abi::VMAllocation, limit);

// The payload of gc_new: the type's number in the module, and the length of an array.
uint32_t type_of(const MachineInst& inst) { return static_cast<uint32_t>(inst.immediate); }
uint32_t length_of(const MachineInst& inst) { return static_cast<uint32_t>(inst.immediate >> 32); }

}  // namespace

// Emits rd = the canonical id of the module's type number `type`, which a relocation patches in.
void Emitter::type_id(PReg rd, uint32_t type) {
  code_.relocations.push_back({codegen::RelocationKind::type_id, as_.offset(), type, 0});
  as_.emit_long(facts(Op::lui).bits | rd.encoding() << 7);
  as_.emit_long(facts(Op::addi).bits | rd.encoding() << 7 | rd.encoding() << 15);
}

// Emits object = top and top += size, unless the new top would be above the limit, and stores the object's header. t5
// holds the new top. The register `object` holds the size or the limit at first, and the reference to the object at the
// end.
void Emitter::gc_new(const MachineInst& inst, Operands operands) {
  const PReg base = operands[0].reg(), object = operands[1].reg();
  const int64_t size = inst.displacement;
  const bool is_short = fits_signed(-size, 12) && fits_signed(size, 12);
  as_.load(Op::ld, kScratch, kVMContext, offsetof(VMContext, store));
  as_.load(Op::ld, kScratch2, kScratch, kTop);
  if (is_short) {
    as_.ri(Op::addi, kScratch2, kScratch2, size);
  } else {
    as_.load_immediate(object, size);
    as_.r3(Op::add, kScratch2, kScratch2, object);
  }
  as_.load(Op::ld, object, kScratch, kLimit);
  const Label slow = add_stub(Stub::Kind::gc, inst, {base, object});
  const Label back = stubs_.back().back;
  as_.branch(Op::bltu, object, kScratch2, slow);
  as_.store(Op::sd, kScratch2, kScratch, kTop);
  if (is_short) {
    as_.ri(Op::addi, object, kScratch2, -size);
  } else {
    as_.load_immediate(object, size);
    as_.r3(Op::sub, object, kScratch2, object);
  }
  as_.r3(Op::add, kScratch, base, object);
  type_id(kScratch2, type_of(inst));
  as_.store(Op::sw, kScratch2, kScratch, offsetof(VMObject, type_id));
  static_assert(offsetof(VMObject, flags) == 4 && offsetof(VMObject, kind) == 5);
  const auto store = [&](Op op, int64_t value, int64_t offset) {
    if (value != 0) as_.load_immediate(kScratch2, value);
    as_.store(op, value != 0 ? kScratch2 : kZero, kScratch, offset);
  };
  store(Op::sw, int64_t{inst.extra} << 8, 4);  // flags 0, and the kind
  if (static_cast<abi::ObjectKind>(inst.extra) == abi::ObjectKind::array) {
    // A store of 8 bytes writes the length and clears elements that begin directly after it, at byte 12.
    store(Op::sd, length_of(inst), offsetof(abi::VMArray, length));
    for (int64_t at = 16; at < size; at += 8) store(Op::sd, 0, at);
  }
  as_.bind(back);
  vector_state_ = kNoVectorState;
}

// Emits the test of the object's barrier flag. If it is set, the stub reports the write to the runtime.
void Emitter::gc_barrier(const MachineInst& inst, Operands operands) {
  const PReg base = operands[0].reg(), object = operands[1].reg();
  const Label slow = add_stub(Stub::Kind::gc, inst, {base, object, operands.size() > 2 ? operands[2].reg() : kZero});
  const Label back = stubs_.back().back;
  as_.r3(Op::add, kScratch, base, object);
  as_.load(Op::lbu, kScratch, kScratch, offsetof(VMObject, flags));
  as_.ri(Op::andi, kScratch, kScratch, abi::kBarrierFlag);
  as_.branch(Op::bne, kScratch, kZero, slow);
  as_.bind(back);
  vector_state_ = kNoVectorState;
}

// Emits the rare case of gc_new or gc_barrier: the call of the builtin of the same name.
void Emitter::gc_stub(const Stub& s) {
  const bool is_new = s.inst.opcode == opcode_of(Pseudo::gc_new);
  const auto argument = [&](unsigned i, PReg value) {
    as_.store(Op::sw, value, kScratch, int64_t{offsetof(VMStoreState, arguments)} + 4 * i);
  };
  as_.load(Op::ld, kScratch, kVMContext, offsetof(VMContext, store));
  if (is_new) {
    type_id(kScratch2, type_of(s.inst));
    argument(0, kScratch2);
    as_.load_immediate(kScratch2, length_of(s.inst));
    argument(1, kScratch2);
  } else {
    argument(0, s.registers[1]);
    as_.load_immediate(kScratch2, s.inst.displacement);
    argument(1, kScratch2);
    argument(2, s.registers[2]);
  }
  const abi::Builtin builtin = is_new ? abi::Builtin::gc_new : abi::Builtin::gc_barrier;
  as_.load(Op::ld, kScratch2, kVMContext, offsetof(VMContext, builtins));
  as_.load(Op::ld, kScratch2, kScratch2, 8 * static_cast<int64_t>(builtin));
  as_.load(Op::jalr, kReturnAddress, kScratch2, 0);
  code_.calls.push_back({as_.offset(), s.inst.position, 0});
  codegen::set_stack_map(allocation_, s.index, code_.calls.back());
  if (is_new) as_.move(s.registers[1], kScratch);
  as_.jump(s.back);
}

}  // namespace cairn::rv64

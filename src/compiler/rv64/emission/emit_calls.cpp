// Emits calls and tail calls (codegen/calling_convention.hpp says what each has to do).
#include "abi/vmcontext.hpp"
#include "base/assert.hpp"
#include "compiler/codegen/allocation/stack_maps.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

using abi::VMContext;
using abi::VMFuncRef;
using abi::VMFunctionImport;

namespace {

// The payload of a call: the index of the callee, and the fixed slot that keeps the VMContext.
uint32_t callee_of(const MachineInst& inst) { return static_cast<uint32_t>(inst.immediate); }
uint32_t slot_of(const MachineInst& inst) { return static_cast<uint32_t>(inst.immediate >> 32); }
// The byte offset of an import in the VMContext.
int64_t import_offset(uint32_t index) {
  return int64_t(sizeof(VMContext)) + int64_t{index} * int64_t(sizeof(VMFunctionImport));
}

}  // namespace

void Emitter::call_site(const MachineInst& inst) {
  code_.calls.push_back({as_.offset(), inst.position, static_cast<uint32_t>(inst.displacement)});
  codegen::set_stack_map(allocation_, current_inst_, code_.calls.back());
  if (has(inst.flags, codegen::InstFlag::terminator)) handlers_.push_back({as_.offset(), inst.targets[1]});
}

// Emits the move of the stack pointer down to where it was before the call, because the callee has popped its stack
// arguments.
void Emitter::after_call(const MachineInst& inst) {
  as_.add_immediate(kStackPointer, kStackPointer, -int64_t{inst.displacement}, kScratch);
  vector_state_ = kNoVectorState;
}

// Emits auipc and jalr. They are patched when the code object is put together.
void Emitter::direct_call(PReg link, uint32_t callee) {
  const PReg base = link == kZero ? kScratch : link;
  code_.relocations.push_back({codegen::RelocationKind::call, as_.offset(), callee, 0});
  as_.emit_long(facts(Op::auipc).bits | base.encoding() << 7);
  as_.emit_long(facts(Op::jalr).bits | link.encoding() << 7 | base.encoding() << 15);
}

// Emits a call of the code at t6 with t5 as the VMContext, and the return to the function's own VMContext. t5 holds the
// caller's VMContext when the callee starts, because the trampolines of host functions pass it on.
void Emitter::call_in_context(const MachineInst& inst) {
  const int64_t slot = int64_t{frame_.fixed_offset} + slot_of(inst);
  if (fits_signed(slot, 12)) {
    as_.store(Op::sd, kVMContext, kStackPointer, slot);
  } else {
    // Only t5, t6 and s10 are free here. s10 (kMemoryBase) can be overwritten, because it is loaded next.
    as_.store_far(Op::sd, kVMContext, kStackPointer, slot, kMemoryBase);
  }
  as_.load(Op::ld, kMemoryBase, kScratch2, offsetof(VMContext, memory0_base));
  as_.move(kVMContext, kScratch2);
  as_.load_far(Op::ld, kScratch2, kStackPointer, slot, kScratch2);
  as_.load(Op::jalr, kReturnAddress, kScratch, 0);
  call_site(inst);
  after_call(inst);
  restore_instance(slot);
}

void Emitter::restore_instance(int64_t slot) {
  as_.load_far(Op::ld, kVMContext, kStackPointer, slot, kScratch);
  as_.load(Op::ld, kMemoryBase, kVMContext, offsetof(VMContext, memory0_base));
}

void Emitter::call(const MachineInst& inst, Operands operands) {
  plain_call(inst, operands);
  if (has(inst.flags, codegen::InstFlag::terminator)) go_to(inst.targets[0]);
}

void Emitter::plain_call(const MachineInst& inst, Operands operands) {
  switch (static_cast<Pseudo>(inst.opcode)) {
    case Pseudo::call_direct:
      direct_call(kReturnAddress, callee_of(inst));
      call_site(inst);
      return after_call(inst);
    case Pseudo::call_builtin: {
      as_.load(Op::ld, kScratch, kVMContext, offsetof(VMContext, builtins));
      as_.load_far(Op::ld, kScratch, kScratch, int64_t{callee_of(inst)} * 8, kScratch2);
      as_.move(a(0), kVMContext);
      as_.load(Op::jalr, kReturnAddress, kScratch, 0);
      call_site(inst);
      vector_state_ = kNoVectorState;
      return;
    }
    case Pseudo::call_import: {
      const int64_t at = import_offset(callee_of(inst));
      as_.load_far(Op::ld, kScratch, kVMContext, at + int64_t(offsetof(VMFunctionImport, code)), kScratch);
      as_.load_far(Op::ld, kScratch2, kVMContext, at + int64_t(offsetof(VMFunctionImport, context)), kScratch2);
      return call_in_context(inst);
    }
    default: {  // call_reference
      const PReg reference = operands[0].reg();
      trap_site(inst);
      as_.load(Op::ld, kScratch, reference, offsetof(VMFuncRef, code));
      as_.load(Op::ld, kScratch2, reference, offsetof(VMFuncRef, context));
      const Label other = add_stub(Stub::Kind::call, inst);
      const Label back = stubs_.back().back;
      as_.branch(Op::bne, kScratch2, kVMContext, other);
      as_.load(Op::jalr, kReturnAddress, kScratch, 0);
      call_site(inst);
      after_call(inst);
      as_.bind(back);
      return;
    }
  }
}

// The registers t1 to t4 are free, because all operands are in argument registers or t0. t1 holds the callee's code, t2
// its VMContext, t3 the upper end of the new argument area, and t4 its lower end.
void Emitter::tail_call(const MachineInst& inst, Operands operands) {
  const PReg code = t(1), context = t(2), top = t(3), new_stack = t(4);
  const uint32_t bytes = static_cast<uint32_t>(inst.displacement);
  // The upper end of the function's own argument area, as an offset from the stack pointer.
  const int64_t end = int64_t{frame_.frame_bytes} + function_.incoming_bytes;
  const Pseudo kind = static_cast<Pseudo>(inst.opcode);

  // Copies the outgoing argument area, which starts at the stack pointer and has `bytes` bytes, to the place that ends
  // at the address `to`. The highest word is copied first, because the two areas may overlap.
  const auto copy_arguments = [&](PReg to) {
    for (uint32_t at = bytes; at > 0; at -= 8) {
      as_.load_far(Op::ld, kScratch, kStackPointer, at - 8, kScratch);
      as_.store_far(Op::sd, kScratch, to, int64_t{at} - 8 - bytes, kScratch2);
    }
  };
  // Moves the stack arguments to the upper end of the function's own argument area, and the stack pointer to their
  // start.
  const auto move_arguments_to_end = [&] {
    if (bytes == 0) return as_.add_immediate(kStackPointer, kStackPointer, end, kScratch);
    as_.add_immediate(top, kStackPointer, end, kScratch);
    copy_arguments(top);
    as_.add_immediate(kStackPointer, top, -int64_t{bytes}, kScratch);
  };

  if (kind == Pseudo::tail_direct) {
    restore_frame();
    move_arguments_to_end();
    return direct_call(kZero, callee_of(inst));
  }
  if (kind == Pseudo::tail_import) {
    const int64_t at = import_offset(callee_of(inst));
    as_.load_far(Op::ld, code, kVMContext, at + int64_t(offsetof(VMFunctionImport, code)), code);
    as_.load_far(Op::ld, context, kVMContext, at + int64_t(offsetof(VMFunctionImport, context)), context);
  } else {
    const PReg reference = operands[0].reg();
    trap_site(inst);
    as_.load(Op::ld, code, reference, offsetof(VMFuncRef, code));
    as_.load(Op::ld, context, reference, offsetof(VMFuncRef, context));
  }
  restore_frame();
  const Label enter = as_.new_label(), plain = as_.new_label();
  as_.add_immediate(top, kStackPointer, end, kScratch);
  as_.branch(Op::beq, context, kVMContext, plain);
  as_.load(Op::ld, kScratch, kVMContext, offsetof(VMContext, tail_call_restore));
  as_.branch(Op::beq, kReturnAddress, kScratch, enter);
  // Writes a restore frame at the top. Without stack arguments, the restore frame may lie below the stack pointer, so
  // the stack pointer moves before the stores. With stack arguments, the frame of this function has room for ra and for
  // the arguments, so the whole restore frame lies above the stack pointer.
  as_.ri(Op::addi, top, top, -16);
  if (bytes == 0) {
    as_.move(kStackPointer, top);
    as_.store(Op::sd, kVMContext, top, 0);
    as_.store(Op::sd, kReturnAddress, top, 8);
    as_.move(kReturnAddress, kScratch);
  } else {
    // Arguments may still lie where the restore frame goes, so they are copied first. The copy overwrites t6, so t4
    // keeps the address of the restore stub.
    as_.move(new_stack, kScratch);
    copy_arguments(top);
    as_.store(Op::sd, kVMContext, top, 0);
    as_.store(Op::sd, kReturnAddress, top, 8);
    as_.move(kReturnAddress, new_stack);
    as_.add_immediate(kStackPointer, top, -int64_t{bytes}, kScratch);
  }
  as_.move(kScratch2, kVMContext);
  as_.move(kVMContext, context);
  as_.load(Op::ld, kMemoryBase, kVMContext, offsetof(VMContext, memory0_base));
  as_.load(Op::jalr, kZero, code, 0);
  // Enters the callee's instance. ra already is the address of the restore stub, so no restore frame is written.
  as_.bind(enter);
  as_.move(kScratch2, kVMContext);
  as_.move(kVMContext, context);
  as_.load(Op::ld, kMemoryBase, kVMContext, offsetof(VMContext, memory0_base));
  as_.bind(plain);
  if (bytes == 0) {
    as_.move(kStackPointer, top);
  } else {
    as_.move(new_stack, kScratch2);  // t4 keeps the value of t5, which the copy overwrites
    copy_arguments(top);
    as_.add_immediate(kStackPointer, top, -int64_t{bytes}, kScratch);
    as_.move(kScratch2, new_stack);
  }
  as_.load(Op::jalr, kZero, code, 0);
}

}  // namespace cairn::rv64

// Emits calls and tail calls (codegen/calling_convention.hpp).
#include "abi/vmcontext.hpp"
#include "compiler/codegen/allocation/stack_maps.hpp"
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using abi::VMContext;
using abi::VMFuncRef;
using abi::VMFunctionImport;
using wasm::TrapKind;

namespace {

constexpr unsigned kReferenceXmm = 14;  // holds the VMFuncRef of a tail call; no argument is in this register
constexpr Encoding kMovq = Encoding{0x6e, Prefix::p66, Map::m0f, true};  // from a general register to an xmm register

Address at(unsigned base, int64_t offset) {
  return {.base = static_cast<uint8_t>(base), .displacement = static_cast<int32_t>(offset)};
}

constexpr int64_t kReferenceCode = offsetof(VMFuncRef, code), kReferenceContext = offsetof(VMFuncRef, context);

}  // namespace

// Records the call that has just been written. Emits the move of the stack pointer back below the argument area, which
// the callee has popped.
void Emitter::record_call(const MachineInst& inst) {
  const auto bytes = static_cast<uint32_t>(inst.displacement);
  code_.calls.push_back({code_.offset(), inst.position, bytes});
  const auto index = static_cast<uint32_t>(&inst - function_.insts.data());
  codegen::set_stack_map(allocation_, codegen::MInst(index), code_.calls.back());
  if (has(inst.flags, codegen::InstFlag::terminator)) handlers_.push_back({code_.offset(), inst.targets[1]});
  if (bytes != 0) asm_.alu_rm_i(Alu::sub, 8, Rm::r(rsp), inst.displacement);
}

// Emits the reload of the pinned registers from the VMContext that the operation `entry` has saved in the frame.
void Emitter::restore_instance() {
  asm_.load(true, kContext, at(rsp, context_slot_));
  asm_.load(true, kMemory, at(kContext, offsetof(VMContext, memory0_base)));
}

void Emitter::emit_call(const MachineInst& inst) {
  switch (static_cast<Op>(inst.opcode)) {
    case Op::call_direct:
      asm_.call_function(static_cast<uint32_t>(inst.immediate));
      record_call(inst);
      break;
    case Op::call_import:
      asm_.mov_rr(true, kScratch, kContext);
      asm_.load(true, kContext, at(kScratch, inst.immediate + int64_t{offsetof(VMFunctionImport, context)}));
      asm_.load(true, kMemory, at(kContext, offsetof(VMContext, memory0_base)));
      asm_.call_rm(Rm::m(at(kScratch, inst.immediate + int64_t{offsetof(VMFunctionImport, code)})));
      record_call(inst);
      restore_instance();
      break;
    case Op::call_reference: {
      const unsigned callee = reg(inst, 0);
      asm_.set_trap(inst.position, static_cast<TrapKind>(inst.condition));
      Address context = at(callee, kReferenceContext);
      context.traps = true;
      asm_.load(true, kScratch, context);
      asm_.alu_rr(Alu::cmp, true, kScratch, kContext);
      const Label back = asm_.new_label();
      asm_.jcc(Cc::ne, cold_label(ColdKind::other_instance, back));
      colds_.back().inst = &inst;
      asm_.call_rm(Rm::m(at(callee, kReferenceCode)));
      record_call(inst);
      asm_.bind(back);
      break;
    }
    case Op::call_builtin:
      asm_.mov_rr(true, rdi, kContext);
      asm_.load(true, kScratch, at(kContext, offsetof(VMContext, builtins)));
      asm_.call_rm(Rm::m(at(kScratch, inst.immediate * 8)));
      record_call(inst);
      if (inst.extra != 0) asm_.mov_rr(false, rax, rax);  // C leaves the upper half undefined
      break;
    default: CAIRN_UNREACHABLE();
  }
  if (has(inst.flags, codegen::InstFlag::terminator)) jump_to(inst.targets[0]);
}

// Emits the removal of the frame. Afterwards the callee's stack arguments and return address are in place, and the
// stack pointer is at the return address. With `restore_frame`, the return address is that of the stub
// tail_call_restore, and the restore frame {own VMContext, return address} lies above the arguments. The code
// overwrites r11 and xmm15.
void Emitter::leave_for_tail_call(const MachineInst& inst, bool restore_frame) {
  const int32_t argument_bytes = inst.displacement;
  const int32_t return_offset = static_cast<int32_t>(frame_.return_offset);
  // The upper end of the function's own argument area, as an offset from the stack pointer.
  const int32_t top = static_cast<int32_t>(frame_.incoming_offset + function_.incoming_bytes);
  int32_t saved = static_cast<int32_t>(frame_.saved_offset);
  for (const codegen::PReg r : kCalleeSaved) {
    if (!allocation_.used_callee_saved.has(r)) continue;
    asm_.load(true, r.encoding(), at(rsp, saved));
    saved += 8;
  }
  if (argument_bytes == 0 && function_.incoming_bytes == 0 && !restore_frame) {
    if (frame_.frame_bytes != 0) asm_.alu_rm_i(Alu::add, 8, Rm::r(rsp), static_cast<int32_t>(frame_.frame_bytes));
    return;
  }
  asm_.load(true, kScratch, at(rsp, return_offset));
  const int32_t arguments_end = restore_frame ? top - 16 : top;
  const int32_t destination = arguments_end - argument_bytes;
  // The arguments move up from the outgoing area. The last bytes move first, because source and destination may
  // overlap.
  for (int32_t i = argument_bytes - 16; i >= 0; i -= 16) {
    asm_.load_xmm(cpu_.avx, 16, kScratchXmm, at(rsp, i));
    asm_.store_xmm(cpu_.avx, 16, at(rsp, destination + i), kScratchXmm);
  }
  if (restore_frame) {
    asm_.store(8, at(rsp, top - 8), kScratch);
    asm_.store(8, at(rsp, top - 16), kContext);
    asm_.load(true, kScratch, at(kContext, offsetof(VMContext, tail_call_restore)));
  }
  if (restore_frame || destination - 8 != return_offset) asm_.store(8, at(rsp, destination - 8), kScratch);
  if (destination - 8 != 0) asm_.lea(true, rsp, at(rsp, destination - 8));
}

// Emits a tail call. A call of an import or reference compares the callee's VMContext with the function's own. If they
// differ, the code makes the callee return through the stub tail_call_restore, and enters the other instance.
void Emitter::emit_tail_call(const MachineInst& inst) {
  const Op op = static_cast<Op>(inst.opcode);
  if (op == Op::tail_direct) {
    leave_for_tail_call(inst, false);
    asm_.jmp_function(static_cast<uint32_t>(inst.immediate));
    return;
  }
  const bool is_import = op == Op::tail_import;
  const int64_t import_code = inst.immediate + int64_t{offsetof(VMFunctionImport, code)};
  const int64_t import_context = inst.immediate + int64_t{offsetof(VMFunctionImport, context)};
  if (is_import) {
    asm_.load(true, kScratch, at(kContext, import_context));
  } else {
    const unsigned callee = reg(inst, 0);
    asm_.set_trap(inst.position, static_cast<TrapKind>(inst.condition));
    Address context = at(callee, kReferenceContext);
    context.traps = true;
    asm_.load(true, kScratch, context);
    x_op(kMovq, kReferenceXmm, 0, Rm::r(callee));
  }
  const Label other = asm_.new_label(), already = asm_.new_label();
  asm_.alu_rr(Alu::cmp, true, kScratch, kContext);
  asm_.jcc(Cc::ne, other);
  // The callee belongs to the function's own instance.
  leave_for_tail_call(inst, false);
  if (is_import) {
    asm_.jmp_rm(Rm::m(at(kContext, import_code)));
  } else {
    x_op(Encoding{0x7e, Prefix::p66, Map::m0f, true}, kReferenceXmm, 0, Rm::r(kScratch));  // movq r11, xmm14
    asm_.jmp_rm(Rm::m(at(kScratch, kReferenceCode)));
  }
  // Emits the jump into the other instance, with the caller's VMContext in r11.
  const auto enter_other = [&] {
    if (is_import) {
      asm_.mov_rr(true, kScratch, kContext);
      asm_.load(true, kContext, at(kScratch, import_context));
      asm_.load(true, kMemory, at(kContext, offsetof(VMContext, memory0_base)));
      asm_.jmp_rm(Rm::m(at(kScratch, import_code)));
    } else {
      x_op(Encoding{0x7e, Prefix::p66, Map::m0f, true}, kReferenceXmm, 0, Rm::r(kScratch));  // movq r11, xmm14
      // No register is left for the address of the code, so it goes to the stack, and ret jumps to it.
      asm_.rm(one_byte(0xff), 6, Rm::m(at(kScratch, kReferenceCode)));  // push
      asm_.rm(one_byte(0x87, true), kScratch, Rm::r(kContext));         // xchg
      asm_.load(true, kContext, at(kContext, kReferenceContext));
      asm_.load(true, kMemory, at(kContext, offsetof(VMContext, memory0_base)));
      asm_.ret();
    }
  };
  // The callee belongs to another instance. If the return address is that of the stub tail_call_restore already, no
  // further restore frame is needed.
  asm_.bind(other);
  asm_.load(true, kScratch, at(rsp, static_cast<int32_t>(frame_.return_offset)));
  asm_.alu_r_rm(Alu::cmp, true, kScratch, Rm::m(at(kContext, offsetof(VMContext, tail_call_restore))));
  asm_.jcc(Cc::e, already);
  leave_for_tail_call(inst, true);
  enter_other();
  asm_.bind(already);
  leave_for_tail_call(inst, false);
  enter_other();
}

}  // namespace cairn::x64

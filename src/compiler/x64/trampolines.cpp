// Emits the trampolines and stubs between the host's code and the guest's (codegen/target.hpp, abi/entry.hpp).
//
// A call or tail call that switches the pinned registers (r14 and r15) leaves the caller's VMContext in r11. The entry
// trampoline leaves null in r11. The host trampoline passes r11 on to the host function.
//
// Guest code runs on the guest's stack, and C++ runs on the host's (abi/host_stack.hpp).
#include "compiler/x64/trampolines.hpp"

#include <algorithm>

#include "abi/builtins.hpp"
#include "abi/entry.hpp"
#include "abi/host_stack.hpp"
#include "abi/vmcontext.hpp"
#include "base/assert.hpp"
#include "compiler/x64/encoding/assembler.hpp"

namespace cairn::x64 {

using abi::EntryArguments;
using abi::VMContext;
using abi::VMHostContext;
using abi::VMStoreState;
using codegen::CallLayout;
using ir::Type;

namespace {

constexpr int32_t kSlot = 16;  // bytes of a value slot, which holds an argument or result (EntryArguments::values)

Address at(unsigned base, int64_t offset) {
  return {.base = static_cast<uint8_t>(base), .displacement = static_cast<int32_t>(offset)};
}

// Moves values between registers and slots.
class Values {
 public:
  Values(Assembler& as, bool avx) : as_(as), avx_(avx) {}

  void load(Type type, codegen::PReg reg, const Address& from) {
    if (ir::is_integer(type)) {
      as_.load(ir::size_of(type) == 8, reg.encoding(), from);
    } else {
      as_.load_xmm(avx_, ir::size_of(type), reg.encoding(), from);
    }
  }
  void store(Type type, codegen::PReg reg, const Address& to) {
    if (ir::is_integer(type)) {
      as_.store(8, to, reg.encoding());
    } else {
      as_.store_xmm(avx_, ir::size_of(type), to, reg.encoding());
    }
  }
  // Copies a value between slots through xmm15. At least 8 bytes are written, so bits 32 to 63 of an i32 become zero.
  void copy(Type type, const Address& to, const Address& from) {
    const unsigned size = ir::size_of(type);
    as_.load_xmm(avx_, size, kScratchXmm, from);
    as_.store_xmm(avx_, std::max(size, 8u), to, kScratchXmm);
  }

 private:
  Assembler& as_;
  bool avx_;
};

// Emits the switch from the guest's stack to the host's, where the stack pointer is then aligned for a call. r11 holds
// the VMStoreState; rax is overwritten. The stack pointer moves before anything is stored, because until then an
// interrupt may use the host's stack below the entry's frame.
void switch_to_host(Assembler& as) {
  static_assert(abi::kGuestStackPointer == -16);
  as.mov_rr(true, rax, rsp);
  as.load(true, rsp, at(kScratch, offsetof(VMStoreState, entry_frame)));
  as.alu_rm_i(Alu::sub, 8, Rm::r(rsp), 8);
  as.push(rax);
}

// Emits the switch back to the guest's stack after C++ has returned.
void switch_to_guest(Assembler& as) { as.load(true, rsp, at(rsp, 0)); }

}  // namespace

// The code saves the callee-saved registers on the host's stack, moves to the guest's stack, copies the arguments from
// the value slots to their registers and stack slots, and calls the guest function. Then it copies the results to the
// value slots, and returns on the host's stack. A trap ends the call by a jump to the label `resume`. While the guest
// runs, rbx holds the EntryArguments, r12 the host's stack pointer, and r13 the address of the value slots.
void emit_entry_trampoline(const ir::Signature& signature, CodeBuffer& code, bool avx) {
  Assembler as(code);
  Values values(as, avx);
  const CallLayout layout = layout_call(signature, kConvention, code.bytes.arena());
  constexpr uint8_t kSaved[] = {rbp, rbx, r12, r13, r14, r15};

  for (const uint8_t r : kSaved) as.push(r);
  as.alu_rm_i(Alu::sub, 8, Rm::r(rsp), 8);
  code.frame_bytes = 8 * (std::size(kSaved) + 1);
  code.frame_begin = code.body_begin = code.offset();

  const Label resume = as.new_label();
  as.mov_rr(true, rbx, rdi);
  as.store(8, at(rbx, offsetof(EntryArguments, saved_stack_pointer)), rsp);
  as.lea_label(rax, resume);
  as.store(8, at(rbx, offsetof(EntryArguments, trap_resume)), rax);
  as.load(true, kContext, at(rbx, offsetof(EntryArguments, context)));
  as.load(true, kMemory, at(kContext, offsetof(VMContext, memory0_base)));
  as.load(true, rax, at(kContext, offsetof(VMContext, store)));
  as.store(8, at(rax, offsetof(VMStoreState, entry_frame)), rsp);
  as.mov_rr(true, r12, rsp);
  as.load(true, r13, at(rbx, offsetof(EntryArguments, values)));
  as.load(true, rsp, at(rbx, offsetof(EntryArguments, stack_top)));
  const auto area = static_cast<int32_t>(layout.stack_bytes + layout.result_area_bytes);
  if (area != 0) as.alu_rm_i(Alu::sub, 8, Rm::r(rsp), area);
  as.store(8, at(rbx, offsetof(EntryArguments, guest_stack_pointer)), rsp);

  for (size_t i = 0; i < signature.params.size(); ++i) {
    if (layout.arguments[i].reg.valid()) continue;
    values.copy(signature.params[i], at(rsp, layout.arguments[i].offset), at(r13, static_cast<int64_t>(i) * kSlot));
  }
  for (size_t i = 0; i < signature.params.size(); ++i) {
    if (!layout.arguments[i].reg.valid()) continue;
    values.load(signature.params[i], layout.arguments[i].reg, at(r13, static_cast<int64_t>(i) * kSlot));
  }
  if (layout.result_area_bytes != 0) as.lea(true, layout.result_pointer.encoding(), at(rsp, layout.stack_bytes));
  as.mov_ri(kScratch, 0);  // the call has no calling instance
  as.call_rm(Rm::m(at(rbx, offsetof(EntryArguments, code))));
  code.calls.push_back({code.offset(), 0, layout.stack_bytes});
  // The callee has popped its arguments, so the stack pointer is at the result area.
  for (size_t i = 0; i < signature.results.size(); ++i) {
    if (layout.results[i].reg.valid())
      values.store(signature.results[i], layout.results[i].reg, at(r13, static_cast<int64_t>(i) * kSlot));
  }
  for (size_t i = 0; i < signature.results.size(); ++i) {
    if (!layout.results[i].reg.valid())
      values.copy(signature.results[i], at(r13, static_cast<int64_t>(i) * kSlot), at(rsp, layout.results[i].offset));
  }
  as.mov_rr(true, rsp, r12);
  as.bind(resume);
  as.alu_rm_i(Alu::add, 8, Rm::r(rsp), 8);
  for (size_t i = std::size(kSaved); i-- > 0;) as.pop(kSaved[i]);
  as.ret();
  as.finish();
}

// The code stores the arguments to value slots, calls VMHostContext::invoke on the host's stack, loads the results from
// the slots, and returns. If invoke returns a number other than 0, the code raises a trap instead.
//
// On entry r14 holds the VMHostContext, and r11 the VMContext of the caller. The frame holds the value slots, and above
// them the result pointer, which is the address that results in memory are stored to.
void emit_host_trampoline(const ir::Signature& signature, CodeBuffer& code, bool avx) {
  Assembler as(code);
  Values values(as, avx);
  const CallLayout layout = layout_call(signature, kConvention, code.bytes.arena());
  const auto slots = static_cast<int32_t>(std::max(signature.params.size(), signature.results.size()));
  const int32_t frame = slots * kSlot + 8;  // a multiple of 16 with the return address
  const int32_t pointer = slots * kSlot;

  code.argument_bytes = layout.stack_bytes;
  code.frame_bytes = static_cast<uint32_t>(frame);
  as.alu_rm_i(Alu::sub, 8, Rm::r(rsp), frame);
  code.frame_begin = code.offset();
  code.body_begin = code.offset();
  // The stack may end here, so the limit is compared before anything is stored. Arguments may occupy all caller-saved
  // general registers except r11, so the value of r11 is kept in xmm15.
  const Label trap = as.new_label(), exhausted = as.new_label(), raise = as.new_label();
  const Encoding movq_to = {0x6e, Prefix::p66, Map::m0f, true}, movq_from = {0x7e, Prefix::p66, Map::m0f, true};
  const auto xmm_move = [&](Encoding encoding, unsigned xmm_number, unsigned general) {
    if (avx) {
      as.vex(encoding, xmm_number, 0, Rm::r(general));
    } else {
      as.rm(encoding, xmm_number, Rm::r(general));
    }
  };
  xmm_move(movq_to, kScratchXmm, kScratch);
  as.load(true, kScratch, at(kContext, offsetof(VMContext, store)));
  as.alu_r_rm(Alu::cmp, true, rsp, Rm::m(at(kScratch, offsetof(VMStoreState, stack_limit))));
  as.jcc(Cc::b, exhausted);
  for (size_t i = 0; i < signature.params.size(); ++i) {
    if (layout.arguments[i].reg.valid())
      values.store(signature.params[i], layout.arguments[i].reg, at(rsp, static_cast<int64_t>(i) * kSlot));
  }
  if (layout.result_area_bytes != 0) as.store(8, at(rsp, pointer), layout.result_pointer.encoding());
  // Records the caller's stack pointer and the return address. The values of rax and rcx are not needed any more.
  const auto record_exit = [&] {
    as.lea(true, rax, at(rsp, frame + 8 + int64_t{layout.stack_bytes}));
    as.load(true, rcx, at(rsp, frame));
    as.store(8, at(kScratch, offsetof(VMStoreState, exit_frame)), rax);
    as.store(8, at(kScratch, offsetof(VMStoreState, exit_pc)), rcx);
  };
  record_exit();
  xmm_move(movq_from, kScratchXmm, rsi);
  for (size_t i = 0; i < signature.params.size(); ++i) {
    if (!layout.arguments[i].reg.valid())
      values.copy(signature.params[i], at(rsp, static_cast<int64_t>(i) * kSlot),
                  at(rsp, frame + 8 + int64_t{layout.arguments[i].offset}));
  }
  as.mov_rr(true, rdi, kContext);
  as.mov_rr(true, rdx, rsp);
  switch_to_host(as);
  as.call_rm(Rm::m(at(kContext, offsetof(VMHostContext, invoke))));
  as.test_rr(false, rax, rax);
  as.jcc(Cc::ne, trap);
  switch_to_guest(as);

  if (layout.result_area_bytes != 0) {
    as.load(true, kScratch, at(rsp, pointer));
    for (size_t i = 0; i < signature.results.size(); ++i) {
      if (!layout.results[i].reg.valid())
        values.copy(signature.results[i], at(kScratch, layout.results[i].offset),
                    at(rsp, static_cast<int64_t>(i) * kSlot));
    }
  }
  for (size_t i = 0; i < signature.results.size(); ++i) {
    if (layout.results[i].reg.valid())
      values.load(signature.results[i], layout.results[i].reg, at(rsp, static_cast<int64_t>(i) * kSlot));
  }
  as.alu_rm_i(Alu::add, 8, Rm::r(rsp), frame);
  as.ret(layout.stack_bytes);

  as.bind(exhausted);
  record_exit();
  switch_to_host(as);
  as.mov_ri(rsi, 1 + static_cast<uint64_t>(wasm::TrapKind::call_stack_exhausted));
  as.jmp(raise);
  as.bind(trap);
  as.mov_rr(false, rsi, rax);
  as.bind(raise);
  as.mov_rr(true, rdi, kContext);
  as.load(true, rax, at(kContext, offsetof(VMContext, builtins)));
  as.call_rm(Rm::m(at(rax, 8 * static_cast<int64_t>(abi::Builtin::raise_trap))));
  as.ud2();
  as.finish();
}

// On entry, the stack pointer is at the restore frame: {VMContext, return address}.
void emit_tail_call_restore(CodeBuffer& code) {
  Assembler as(code);
  as.pop(kContext);
  as.load(true, kMemory, at(kContext, offsetof(VMContext, memory0_base)));
  as.ret();
}

namespace {

// Emits the stub of a builtin of the kind BuiltinFrame::keep. The stub leaves the result in r11, overwrites xmm15, and
// keeps all other registers. From the caller's stack pointer downwards lie the return address, the registers that may
// hold references (RegisterFile::saved_references), and the xmm registers.
void emit_keep_stub(abi::Builtin builtin, CodeBuffer& code) {
  Assembler as(code);
  constexpr auto kSavedBytes = static_cast<int32_t>(8 * kReferenceGpr.size());
  constexpr auto kFrame =
      static_cast<int32_t>(16 * kAllocatableXmm.size()) + 8;  // aligns the slots of the xmm registers
  static_assert((8 + kSavedBytes + kFrame) % 16 == 0);
  static_assert(kRegisterFile.saved_references == -16);
  const Label exhausted = as.new_label();
  as.load(true, kScratch, at(kContext, offsetof(VMContext, store)));
  as.alu_r_rm(Alu::cmp, true, rsp, Rm::m(at(kScratch, offsetof(VMStoreState, stack_limit))));
  as.jcc(Cc::b, exhausted);
  for (const codegen::PReg r : kReferenceGpr) as.push(r.encoding());
  // Records the caller's stack pointer and the return address. `pushed` is the number of bytes pushed since the entry.
  const auto note_frame = [&](int32_t pushed) {
    as.lea(true, rax, at(rsp, pushed + 8));
    as.store(8, at(kScratch, offsetof(VMStoreState, exit_frame)), rax);
    as.load(true, rax, at(rsp, pushed));
    as.store(8, at(kScratch, offsetof(VMStoreState, exit_pc)), rax);
  };
  note_frame(kSavedBytes);
  as.alu_rm_i(Alu::sub, 8, Rm::r(rsp), kFrame);
  for (size_t i = 0; i < kAllocatableXmm.size(); ++i)
    as.store_xmm(false, 16, at(rsp, static_cast<int64_t>(16 * i)), kAllocatableXmm[i].encoding());
  constexpr uint8_t kArguments[] = {rsi, rdx, rcx};
  const std::string_view parameters = abi::signature_of(builtin).parameters;
  CAIRN_ASSERT(parameters.size() <= std::size(kArguments));
  for (size_t i = 0; i < parameters.size(); ++i)
    as.load(false, kArguments[i], at(kScratch, static_cast<int64_t>(offsetof(VMStoreState, arguments) + 4 * i)));
  as.mov_rr(true, rdi, kContext);
  switch_to_host(as);
  as.load(true, rax, at(kContext, offsetof(VMContext, builtins)));
  // The first kBuiltinCount entries are the stubs, and the builtins follow.
  as.call_rm(Rm::m(at(rax, 8 * (int64_t{abi::kBuiltinCount} + static_cast<int64_t>(builtin)))));
  switch_to_guest(as);
  as.mov_rr(false, kScratch, rax);
  for (size_t i = 0; i < kAllocatableXmm.size(); ++i)
    as.load_xmm(false, 16, kAllocatableXmm[i].encoding(), at(rsp, static_cast<int64_t>(16 * i)));
  as.alu_rm_i(Alu::add, 8, Rm::r(rsp), kFrame);
  for (size_t i = kReferenceGpr.size(); i-- > 0;) as.pop(kReferenceGpr[i].encoding());
  as.ret();
  as.bind(exhausted);
  note_frame(0);
  as.set_trap(0, wasm::TrapKind::call_stack_exhausted);
  as.record_trap();
  as.ud2();
  as.finish();
}

}  // namespace

// abi/builtins.def says what the stub does for each BuiltinFrame. On entry, the C arguments are in their registers,
// with the VMContext in rdi. Until the builtin is entered, the stub may overwrite only r11 and rax.
void emit_exit_stub(abi::Builtin builtin, CodeBuffer& code) {
  using abi::BuiltinFrame;
  const BuiltinFrame frame = abi::signature_of(builtin).frame;
  if (frame == BuiltinFrame::keep) return emit_keep_stub(builtin, code);
  Assembler as(code);
  as.load(true, kScratch, at(rdi, offsetof(VMContext, store)));
  const Label exhausted = as.new_label();
  // Records the caller's stack pointer and the return address.
  const auto note_frame = [&] {
    as.lea(true, rax, at(rsp, 8));
    as.store(8, at(kScratch, offsetof(VMStoreState, exit_frame)), rax);
    as.load(true, rax, at(rsp, 0));
    as.store(8, at(kScratch, offsetof(VMStoreState, exit_pc)), rax);
  };
  // The entry of the builtin itself in VMContext::builtins, whose address is in rax when the operand is used. The first
  // kBuiltinCount entries are the stubs, and the builtins follow.
  const Rm function = Rm::m(at(rax, 8 * (int64_t{abi::kBuiltinCount} + static_cast<int64_t>(builtin))));
  if (frame != BuiltinFrame::host) {
    as.alu_r_rm(Alu::cmp, true, rsp, Rm::m(at(kScratch, offsetof(VMStoreState, stack_limit))));
    as.jcc(Cc::b, exhausted);
    if (frame != BuiltinFrame::plain) note_frame();
    switch_to_host(as);
  }
  if (frame == BuiltinFrame::unwind || frame == BuiltinFrame::host) {
    as.load(true, kScratch, at(kScratch, offsetof(VMStoreState, registers)));
    for (size_t i = 0; i < kCalleeSaved.size(); ++i)
      as.store(8, at(kScratch, static_cast<int64_t>(8 * i)), kCalleeSaved[i].encoding());
  }
  as.load(true, rax, at(rdi, offsetof(VMContext, builtins)));
  if (frame == BuiltinFrame::host) {
    as.jmp_rm(function);  // the caller runs on the host's stack and has pushed a return address
  } else {
    as.call_rm(function);
    switch_to_guest(as);
    as.ret();
    // The guest's stack may have no room for a call here. So the overflow is reported by a fault, whose handler has a
    // stack of its own.
    as.bind(exhausted);
    note_frame();
    as.set_trap(0, wasm::TrapKind::call_stack_exhausted);
    as.record_trap();
    as.ud2();
  }
  as.finish();
}

// The stub loads the callee-saved registers and the stack pointer, moves the exception to the register where landing
// pads take it, and jumps to the landing pad. On entry, rdi holds the address of the callee-saved registers' values,
// rsi the stack pointer, rdx the landing pad, and rcx the exception.
void emit_landing_stub(CodeBuffer& code) {
  Assembler as(code);
  for (size_t i = 0; i < kCalleeSaved.size(); ++i)
    as.load(true, kCalleeSaved[i].encoding(), at(rdi, static_cast<int64_t>(8 * i)));
  as.mov_rr(false, kConvention.exception.encoding(), rcx);
  as.mov_rr(true, rsp, rsi);
  as.jmp_rm(Rm::r(rdx));
}

}  // namespace cairn::x64

// Emits the trampolines and stubs between the host's code and the guest's (codegen/target.hpp, abi/entry.hpp).
//
// A call or tail call that switches the pinned registers (s10 and s11) leaves the caller's VMContext in t5. The entry
// trampoline leaves null in t5. The host trampoline passes t5 on to the host function.
//
// Guest code runs on the guest's stack, and C++ runs on the host's (abi/host_stack.hpp).
#include "compiler/rv64/trampolines.hpp"

#include <algorithm>

#include "abi/builtins.hpp"
#include "abi/entry.hpp"
#include "abi/host_stack.hpp"
#include "abi/vmcontext.hpp"
#include "base/assert.hpp"
#include "compiler/rv64/encoding/assembler.hpp"

namespace cairn::rv64 {

using abi::EntryArguments;
using abi::VMContext;
using abi::VMHostContext;
using abi::VMStoreState;
using codegen::CallLayout;
using codegen::Label;
using ir::Type;

namespace {

constexpr unsigned kSlot = 16;       // bytes of a slot for an argument or result (EntryArguments::values)
constexpr unsigned kBytesE8 = 0xc0;  // vtype: elements of 8 bits, one register, agnostic tail and mask [riscv-v 3.4]

// Moves values between registers, areas of the stack, and the slots for arguments and results.
class Values {
 public:
  Values(Assembler& as, Vectors vectors) : as_(as), vectors_(vectors) {}

  void load(Type type, PReg reg, PReg base, int64_t offset) {
    switch (type) {
      case Type::i32: return as_.load_far(Op::lw, reg, base, offset, kScratch);
      case Type::gcref: return as_.load_far(Op::lwu, reg, base, offset, kScratch);
      case Type::f32: return as_.load_far(Op::flw, reg, base, offset, kScratch);
      case Type::f64: return as_.load_far(Op::fld, reg, base, offset, kScratch);
      case Type::v128:
        as_.add_immediate(kScratch, base, offset, kScratch);
        as_.vset(16, kBytesE8);
        return as_.vmem(Op::vle8, reg, kScratch);
      default: return as_.load_far(Op::ld, reg, base, offset, kScratch);
    }
  }
  void store(Type type, PReg reg, PReg base, int64_t offset) {
    switch (type) {
      case Type::f32: return as_.store_far(Op::fsw, reg, base, offset, kScratch);
      case Type::f64: return as_.store_far(Op::fsd, reg, base, offset, kScratch);
      case Type::v128:
        as_.add_immediate(kScratch, base, offset, kScratch);
        as_.vset(16, kBytesE8);
        return as_.vmem(Op::vse8, reg, kScratch);
      default: return as_.store_far(Op::sd, reg, base, offset, kScratch);
    }
  }
  // Copies a value through t0. An i32 is not sign-extended here, because every load of one from a slot extends it.
  void copy(Type type, PReg to, int64_t to_offset, PReg from, int64_t from_offset) {
    for (int64_t at = 0; at < (type == Type::v128 ? 16 : 8); at += 8) {
      as_.load_far(Op::ld, t(0), from, from_offset + at, kScratch);
      as_.store_far(Op::sd, t(0), to, to_offset + at, kScratch);
    }
  }

 private:
  Assembler& as_;
  [[maybe_unused]] Vectors vectors_;
};

// Rounds up to a multiple of 16 bytes, the alignment of the stack.
constexpr uint32_t round_up(uint32_t bytes) { return (bytes + 15) & ~15u; }

// Calls `emit`, each time with an empty buffer, until all branches reach their targets or the arena is exhausted.
template <class F>
void assemble(codegen::CodeBuffer& code, F&& emit) {
  Arena& arena = code.bytes.arena();
  BranchLengths lengths(arena);
  for (;;) {
    Assembler as(code, lengths);
    emit(as);
    if (as.finish() || arena.exhausted()) return;
    code.bytes.clear();
    code.calls.clear();
    code.traps.clear();
  }
}

// Emits the switch from the guest's stack to the host's. `store` holds the VMStoreState; `scratch` is overwritten. The
// stack pointer moves before anything is stored, because until then an interrupt may use the host's stack below the
// entry's frame.
void switch_to_host(Assembler& as, PReg store, PReg scratch) {
  as.move(scratch, kStackPointer);
  as.load(Op::ld, kStackPointer, store, offsetof(VMStoreState, entry_frame));
  as.ri(Op::addi, kStackPointer, kStackPointer, abi::kGuestStackPointer);
  as.store(Op::sd, scratch, kStackPointer, 0);
}

// Emits the switch back to the guest's stack after C++ has returned.
void switch_to_guest(Assembler& as) { as.load(Op::ld, kStackPointer, kStackPointer, 0); }

}  // namespace

// The code saves the callee-saved registers on the host's stack, moves to the guest's stack, copies the arguments from
// the value slots to their registers and stack slots, and calls the guest function. Then it copies the results to the
// value slots, and returns on the host's stack. A trap ends the call by a jump to the label `resume`.
//
// The frame on the host's stack has, from low to high: s0-s11, fs0-fs11, a word that is not used, and ra. While the
// guest runs, s0 holds the address of this frame, and s1 that of the value slots.
void emit_entry_trampoline(const ir::Signature& signature, Vectors vectors, codegen::CodeBuffer& code) {
  assemble(code, [&](Assembler& as) {
    Values values(as, vectors);
    const CallLayout layout = layout_call(signature, convention(vectors), code.bytes.arena());
    constexpr int32_t kFrame = 8 + 12 * 8 + 12 * 8 + 8;  // bytes
    static_assert(kFrame % 16 == 0);
    const PReg arguments = a(0);

    as.ri(Op::addi, kStackPointer, kStackPointer, -kFrame);
    code.frame_begin = as.offset();
    as.store(Op::sd, kReturnAddress, kStackPointer, kFrame - 8);
    for (unsigned i = 0; i < 12; ++i) as.store(Op::sd, s(i), kStackPointer, 8 * i);
    for (unsigned i = 0; i < 12; ++i) as.store(Op::fsd, fs(i), kStackPointer, 96 + 8 * i);
    code.body_begin = as.offset();
    code.frame_bytes = kFrame;

    const Label resume = as.new_label();
    as.store(Op::sd, kStackPointer, arguments, offsetof(EntryArguments, saved_stack_pointer));
    as.address(t(0), resume);
    as.store(Op::sd, t(0), arguments, offsetof(EntryArguments, trap_resume));
    as.load(Op::ld, kVMContext, arguments, offsetof(EntryArguments, context));
    as.load(Op::ld, kMemoryBase, kVMContext, offsetof(VMContext, memory0_base));
    as.load(Op::ld, t(0), kVMContext, offsetof(VMContext, store));
    as.store(Op::sd, kStackPointer, t(0), offsetof(VMStoreState, entry_frame));
    as.move(s(0), kStackPointer);
    as.load(Op::ld, s(1), arguments, offsetof(EntryArguments, values));
    as.load(Op::ld, t(1), arguments, offsetof(EntryArguments, code));
    as.load(Op::ld, kStackPointer, arguments, offsetof(EntryArguments, stack_top));
    if (layout.stack_bytes + layout.result_area_bytes != 0)
      as.add_immediate(kStackPointer, kStackPointer, -int64_t{layout.stack_bytes} - layout.result_area_bytes, kScratch);
    as.store(Op::sd, kStackPointer, arguments, offsetof(EntryArguments, guest_stack_pointer));

    for (size_t i = 0; i < signature.params.size(); ++i)
      if (!layout.arguments[i].reg.valid())
        values.copy(signature.params[i], kStackPointer, layout.arguments[i].offset, s(1), int64_t(i) * kSlot);
    for (size_t i = 0; i < signature.params.size(); ++i)
      if (layout.arguments[i].reg.valid())
        values.load(signature.params[i], layout.arguments[i].reg, s(1), int64_t(i) * kSlot);
    if (layout.result_area_bytes != 0)
      as.add_immediate(layout.result_pointer, kStackPointer, layout.stack_bytes, kScratch);
    as.move(kScratch2, kZero);  // there is no calling instance
    as.load(Op::jalr, kReturnAddress, t(1), 0);
    code.calls.push_back({as.offset(), 0, layout.stack_bytes});
    // The callee has popped its arguments, so the stack pointer is at the result area.
    for (size_t i = 0; i < signature.results.size(); ++i) {
      if (layout.results[i].reg.valid())
        values.store(signature.results[i], layout.results[i].reg, s(1), int64_t(i) * kSlot);
      else
        values.copy(signature.results[i], s(1), int64_t(i) * kSlot, kStackPointer, layout.results[i].offset);
    }
    as.move(kStackPointer, s(0));
    as.bind(resume);
    as.load(Op::ld, kReturnAddress, kStackPointer, kFrame - 8);
    for (unsigned i = 0; i < 12; ++i) as.load(Op::ld, s(i), kStackPointer, 8 * i);
    for (unsigned i = 0; i < 12; ++i) as.load(Op::fld, fs(i), kStackPointer, 96 + 8 * i);
    as.ri(Op::addi, kStackPointer, kStackPointer, kFrame);
    as.load(Op::jalr, kZero, kReturnAddress, 0);
  });
}

// The code stores the arguments to value slots, calls VMHostContext::invoke on the host's stack, loads the results from
// the slots, and returns. If invoke returns a number other than 0, the code raises a trap instead.
//
// On entry the pinned register of the VMContext holds the VMHostContext, and t5 holds the VMContext of the caller. The
// frame has, from low to high: the value slots, the result pointer, which is the address that results in memory are
// stored to, and ra.
void emit_host_trampoline(const ir::Signature& signature, Vectors vectors, codegen::CodeBuffer& code) {
  assemble(code, [&](Assembler& as) {
    Values values(as, vectors);
    const CallLayout layout = layout_call(signature, convention(vectors), code.bytes.arena());
    const uint32_t slots = static_cast<uint32_t>(std::max(signature.params.size(), signature.results.size()));
    const uint32_t frame = round_up(slots * kSlot + 16);
    const PReg caller = kScratch2, store = t(0);

    code.argument_bytes = layout.stack_bytes;
    code.frame_bytes = frame;
    as.add_immediate(kStackPointer, kStackPointer, -int64_t{frame}, kScratch);
    code.frame_begin = as.offset();
    const Label trap = as.new_label(), exhausted = as.new_label();
    as.load(Op::ld, store, kVMContext, offsetof(VMContext, store));
    as.load(Op::ld, t(1), store, offsetof(VMStoreState, stack_limit));
    as.add_immediate(t(2), kStackPointer, int64_t{frame} + layout.stack_bytes, kScratch);
    as.store(Op::sd, t(2), store, offsetof(VMStoreState, exit_frame));
    as.store(Op::sd, kReturnAddress, store, offsetof(VMStoreState, exit_pc));
    as.branch(Op::bltu, kStackPointer, t(1), exhausted);
    as.store_far(Op::sd, kReturnAddress, kStackPointer, int64_t{frame} - 8, kScratch);
    if (layout.result_pointer.valid())
      as.store_far(Op::sd, layout.result_pointer, kStackPointer, int64_t{frame} - 16, kScratch);
    code.body_begin = as.offset();

    for (size_t i = 0; i < signature.params.size(); ++i) {
      if (layout.arguments[i].reg.valid())
        values.store(signature.params[i], layout.arguments[i].reg, kStackPointer, int64_t(i) * kSlot);
      else
        values.copy(signature.params[i], kStackPointer, int64_t(i) * kSlot, kStackPointer,
                    int64_t{frame} + layout.arguments[i].offset);
    }
    as.load(Op::ld, t(0), kVMContext, offsetof(VMHostContext, invoke));
    as.load(Op::ld, t(1), kVMContext, offsetof(VMContext, store));
    as.move(a(0), kVMContext);
    as.move(a(1), caller);
    as.move(a(2), kStackPointer);
    switch_to_host(as, t(1), t(2));
    as.load(Op::jalr, kReturnAddress, t(0), 0);
    as.branch(Op::bne, a(0), kZero, trap);
    switch_to_guest(as);

    if (layout.result_area_bytes != 0) {
      as.load_far(Op::ld, t(1), kStackPointer, int64_t{frame} - 16, kScratch);
      for (size_t i = 0; i < signature.results.size(); ++i)
        if (!layout.results[i].reg.valid())
          values.copy(signature.results[i], t(1), layout.results[i].offset, kStackPointer, int64_t(i) * kSlot);
    }
    for (size_t i = 0; i < signature.results.size(); ++i)
      if (layout.results[i].reg.valid())
        values.load(signature.results[i], layout.results[i].reg, kStackPointer, int64_t(i) * kSlot);
    as.load_far(Op::ld, kReturnAddress, kStackPointer, int64_t{frame} - 8, kScratch);
    as.add_immediate(kStackPointer, kStackPointer, int64_t{frame} + layout.stack_bytes, kScratch);
    as.load(Op::jalr, kZero, kReturnAddress, 0);

    const auto raise = [&] {
      as.move(a(0), kVMContext);
      as.load(Op::ld, t(0), kVMContext, offsetof(VMContext, builtins));
      as.load(Op::ld, t(0), t(0), 8 * static_cast<int64_t>(abi::Builtin::raise_trap));
      as.load(Op::jalr, kReturnAddress, t(0), 0);
      as.op0(Op::unimp);
    };
    as.bind(exhausted);
    switch_to_host(as, store, t(2));
    as.load_immediate(a(1), 1 + static_cast<int64_t>(wasm::TrapKind::call_stack_exhausted));
    raise();
    as.bind(trap);
    as.move(a(1), a(0));
    raise();
  });
}

// On entry the stack pointer is the address of the restore frame: {VMContext, return address}.
void emit_tail_call_restore(codegen::CodeBuffer& code) {
  assemble(code, [&](Assembler& as) {
    as.load(Op::ld, kVMContext, kStackPointer, 0);
    as.load(Op::ld, kReturnAddress, kStackPointer, 8);
    as.load(Op::ld, kMemoryBase, kVMContext, offsetof(VMContext, memory0_base));
    as.ri(Op::addi, kStackPointer, kStackPointer, 16);
    as.load(Op::jalr, kZero, kReturnAddress, 0);
  });
}

namespace {

// Emits the stub of a builtin of the kind BuiltinFrame::keep, which keeps all allocatable registers. The stub leaves
// the result in t6. Below the caller's stack pointer, it saves the registers that C++ may overwrite. These are,
// downwards: the ones that hold references (RegisterFile::saved_references), ra, the floating-point registers, and the
// vector registers.
void emit_keep_stub(abi::Builtin builtin, Vectors vectors, codegen::CodeBuffer& code) {
  assemble(code, [&](Assembler& as) {
    const codegen::RegisterFile& file = register_file(vectors);
    const auto class_registers = [&](codegen::RegClass c) { return file.allocatable[static_cast<unsigned>(c)]; };
    const std::span<const PReg> references = class_registers(codegen::RegClass::reference);
    const std::span<const PReg> vector = class_registers(codegen::RegClass::vector);
    CAIRN_ASSERT(file.saved_references == -8);
    int64_t frame = static_cast<int64_t>(8 * (references.size() + 1));
    for (const PReg r : class_registers(codegen::RegClass::floating)) frame += file.callee_saved.has(r) ? 0 : 8;
    frame = (frame + 15) & ~int64_t{15};
    frame += static_cast<int64_t>(16 * vector.size());
    // Saves the registers, or restores them.
    const auto for_each = [&](bool is_save) {
      int64_t at = frame;
      const auto access = [&](PReg r, Op save, Op restore) {
        at -= 8;
        if (is_save) {
          as.store(save, r, kStackPointer, at);
        } else {
          as.load(restore, r, kStackPointer, at);
        }
      };
      for (const PReg r : references) access(r, Op::sd, Op::ld);
      access(kReturnAddress, Op::sd, Op::ld);
      for (const PReg r : class_registers(codegen::RegClass::floating))
        if (!file.callee_saved.has(r)) access(r, Op::fsd, Op::fld);
      if (vector.empty()) return;
      as.vset(16, kBytesE8);
      as.move(kScratch2, kStackPointer);
      for (const PReg r : vector) {
        as.vmem(is_save ? Op::vse8 : Op::vle8, r, kScratch2);
        as.ri(Op::addi, kScratch2, kScratch2, 16);
      }
    };
    const Label exhausted = as.new_label();
    // Records the caller's stack pointer and the return address.
    const auto note_frame = [&] {
      as.store(Op::sd, kStackPointer, kScratch, offsetof(VMStoreState, exit_frame));
      as.store(Op::sd, kReturnAddress, kScratch, offsetof(VMStoreState, exit_pc));
    };
    as.load(Op::ld, kScratch, kVMContext, offsetof(VMContext, store));
    as.load(Op::ld, kScratch2, kScratch, offsetof(VMStoreState, stack_limit));
    as.branch(Op::bltu, kStackPointer, kScratch2, exhausted);
    note_frame();
    as.add_immediate(kStackPointer, kStackPointer, -frame, kScratch2);
    for_each(true);
    const std::string_view parameters = abi::signature_of(builtin).parameters;
    for (unsigned i = 0; i < parameters.size(); ++i)
      as.load(Op::lw, a(i + 1), kScratch, static_cast<int64_t>(offsetof(VMStoreState, arguments) + 4 * i));
    as.move(a(0), kVMContext);
    switch_to_host(as, kScratch, kScratch2);
    // The first kBuiltinCount entries of VMContext::builtins are the stubs, and the builtins follow.
    as.load(Op::ld, kScratch2, kVMContext, offsetof(VMContext, builtins));
    as.load(Op::ld, kScratch2, kScratch2, 8 * (int64_t{abi::kBuiltinCount} + static_cast<int64_t>(builtin)));
    as.load(Op::jalr, kReturnAddress, kScratch2, 0);
    switch_to_guest(as);
    // References are zero-extended, but the C convention sign-extends.
    as.ri(Op::slli, kScratch, a(0), 32);
    as.ri(Op::srli, kScratch, kScratch, 32);
    for_each(false);
    as.add_immediate(kStackPointer, kStackPointer, frame, kScratch2);
    as.load(Op::jalr, kZero, kReturnAddress, 0);
    as.bind(exhausted);
    note_frame();
    code.traps.push_back({as.offset(), 0, wasm::TrapKind::call_stack_exhausted});
    as.op0(Op::unimp);
  });
}

}  // namespace

// abi/builtins.def says what the stub does for each BuiltinFrame. On entry the C arguments are in their registers, with
// the VMContext in a0.
void emit_exit_stub(abi::Builtin builtin, Vectors vectors, codegen::CodeBuffer& code) {
  using abi::BuiltinFrame;
  const BuiltinFrame frame = abi::signature_of(builtin).frame;
  if (frame == BuiltinFrame::keep) return emit_keep_stub(builtin, vectors, code);
  assemble(code, [&](Assembler& as) {
    as.load(Op::ld, t(0), a(0), offsetof(VMContext, store));
    const Label exhausted = as.new_label();
    // Records the caller's stack pointer and the return address.
    const auto note_frame = [&] {
      as.store(Op::sd, kStackPointer, t(0), offsetof(VMStoreState, exit_frame));
      as.store(Op::sd, kReturnAddress, t(0), offsetof(VMStoreState, exit_pc));
    };
    const bool on_guest_stack = frame != BuiltinFrame::host;  // whether the caller runs on the guest's stack
    constexpr int64_t kFrame = 16;                            // room for the return address
    if (on_guest_stack) {
      as.load(Op::ld, t(1), t(0), offsetof(VMStoreState, stack_limit));
      as.branch(Op::bltu, kStackPointer, t(1), exhausted);
      if (frame != BuiltinFrame::plain) note_frame();
      as.ri(Op::addi, kStackPointer, kStackPointer, -kFrame);
      as.store(Op::sd, kReturnAddress, kStackPointer, kFrame - 8);
      switch_to_host(as, t(0), t(1));
    }
    if (frame == BuiltinFrame::unwind || frame == BuiltinFrame::host) {
      as.load(Op::ld, t(0), t(0), offsetof(VMStoreState, registers));
      int64_t offset = 0;
      for (const PReg r : kCalleeSaved) {
        as.store(r.number() < 32 ? Op::sd : Op::fsd, r, t(0), offset);
        offset += 8;
      }
    }
    // The first kBuiltinCount entries of VMContext::builtins are the stubs, and the builtins follow.
    as.load(Op::ld, t(0), a(0), offsetof(VMContext, builtins));
    as.load(Op::ld, t(0), t(0), 8 * (int64_t{abi::kBuiltinCount} + static_cast<int64_t>(builtin)));
    if (!on_guest_stack) return as.load(Op::jalr, kZero, t(0), 0);  // the caller runs on the host's stack
    as.load(Op::jalr, kReturnAddress, t(0), 0);
    switch_to_guest(as);
    as.load(Op::ld, kReturnAddress, kStackPointer, kFrame - 8);
    as.ri(Op::addi, kStackPointer, kStackPointer, kFrame);
    as.load(Op::jalr, kZero, kReturnAddress, 0);
    // The guest's stack may have no room for a call here. So the overflow is reported by a fault, whose handler has a
    // stack of its own.
    as.bind(exhausted);
    note_frame();
    code.traps.push_back({as.offset(), 0, wasm::TrapKind::call_stack_exhausted});
    as.op0(Op::unimp);
  });
}

// The stub loads the callee-saved registers and the stack pointer, moves the exception to the register where landing
// pads take it, and jumps to the landing pad. On entry, a0 holds the address of the callee-saved registers' values, a1
// the stack pointer, a2 the landing pad, and a3 the exception.
void emit_landing_stub(codegen::CodeBuffer& code) {
  assemble(code, [&](Assembler& as) {
    int64_t offset = 0;
    for (const PReg r : kCalleeSaved) {
      as.load(r.number() < 32 ? Op::ld : Op::fld, r, a(0), offset);
      offset += 8;
    }
    static_assert(abi::kMaximumCalleeSaved == 22);
    CAIRN_ASSERT(offset == 8 * abi::kMaximumCalleeSaved);
    as.move(kStackPointer, a(1));
    as.move(t(0), a(2));
    // References are zero-extended, but the C convention sign-extends.
    as.ri(Op::slli, a(6), a(3), 32);
    as.ri(Op::srli, a(6), a(6), 32);
    as.load(Op::jalr, kZero, t(0), 0);
  });
}

}  // namespace cairn::rv64

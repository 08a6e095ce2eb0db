// Emits a whole function: walks over its blocks and dispatches each operation to the method that emits it.
#include "base/assert.hpp"
#include "compiler/codegen/allocation/stack_maps.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

using codegen::ReturnAddress;

Emitter::Emitter(const codegen::MachineFunction& function, const codegen::AllocationResult& allocation,
                 const codegen::BlockLayout& layout, codegen::CodeBuffer& code, BranchLengths& lengths,
                 const compiler::CpuFeatures& cpu)
    : function_(function),
      allocation_(allocation),
      layout_(layout),
      code_(code),
      cpu_(cpu),
      as_(code, lengths, cpu.zba, cpu.zbs),
      saved_(function.arena),
      labels_(function.arena),
      stubs_(function.arena),
      handlers_(function.arena) {
  code.saved_registers = 0;
  for (size_t i = 0; i < std::size(kCalleeSaved); ++i) {
    if (!allocation.used_callee_saved.has(kCalleeSaved[i])) continue;
    saved_.push_back(kCalleeSaved[i]);
    code.saved_registers |= 1u << i;
  }
  saves_return_address_ = function.has_calls || has_stack_tail_call(function);
  frame_ = codegen::layout_frame(function, allocation.spill_slots, static_cast<uint32_t>(saved_.size()),
                                 saves_return_address_ ? ReturnAddress::in_frame : ReturnAddress::in_register);
  code.frame_bytes = frame_.frame_bytes;
  code.argument_bytes = function.incoming_bytes;
  code.saved_offset = frame_.saved_offset;
  code.flags = saves_return_address_ ? 0 : codegen::kReturnAddressInRegister;
}

bool Emitter::run() {
  for (size_t i = 0; i < function_.blocks.size(); ++i) labels_.push_back(as_.new_label());
  codegen::write_stack_offsets(allocation_, frame_, register_file(cpu_.v ? Vectors::present : Vectors::absent), code_);
  prologue();
  // The blocks are not laid out in the order of their numbers, so block() has to search for the first move of its
  // block.
  for (const MBlock b : layout_.order) {
    block(b);
    // The limits here and in block() are less than the 4 KiB that a conditional branch reaches. Here the block does not
    // run on into the next one, so the stubs need no jump over them.
    if (is_far_from_stubs(2048) && !layout_.next[b.index()].valid()) flush_stubs();
  }
  flush_stubs();
  if (!as_.finish()) return false;
  for (const Handler& handler : handlers_)
    code_.handlers.push_back({handler.return_offset, as_.offset_of(labels_[handler.landing_pad.index()])});
  return true;
}

// --- Blocks

// Emits one block, with its moves. If the block is long, stubs are emitted in the middle of it, with a jump over them.
void Emitter::block(MBlock b) {
  current_ = b;
  const MachineBlock& data = function_.blocks[b.index()];
  as_.bind(labels_[b.index()]);
  vector_state_ = kNoVectorState;
  if (data.is_landing_pad) restore_instance(context_slot_);
  // Finds the first move at or after the start of the block.
  size_t low = 0, high = allocation_.moves.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (allocation_.moves[middle].before.index() < data.first_inst)
      low = middle + 1;
    else
      high = middle;
  }
  next_move_ = low;
  for (uint32_t i = data.first_inst; i < data.end_inst; ++i) {
    moves_before(i);
    current_inst_ = codegen::MInst(i);
    const MachineInst& inst = function_.insts[i];
    instruction(inst, allocation_.operands.as_span().subspan(inst.first_operand, inst.operand_count));
    if (is_far_from_stubs(3000) && i + 1 != data.end_inst) {
      const Label over = as_.new_label();
      as_.jump(over);
      flush_stubs();
      as_.bind(over);
    }
  }
}

// Emits one operation of machine.def.
void Emitter::pseudo(const MachineInst& inst, Operands operands) {
  switch (static_cast<Pseudo>(inst.opcode)) {
    case Pseudo::entry:
      if (inst.immediate == 0) return;
      context_slot_ = int64_t{frame_.fixed_offset} + inst.immediate - 1;
      return as_.store_far(Op::sd, kVMContext, kStackPointer, context_slot_, kScratch);
    case Pseudo::move:
      if (operands[0] != operands[1]) as_.move(operands[1].reg(), operands[0].reg());
      return;
    case Pseudo::fmove:
      if (operands[0] != operands[1]) as_.r3(Op::fsgnj_d, operands[1].reg(), operands[0].reg(), operands[0].reg());
      return;
    case Pseudo::li: return as_.load_immediate(operands[0].reg(), inst.immediate);
    case Pseudo::fconst: return float_constant(inst, operands[0].reg());
    case Pseudo::vconst: return vector_constant(inst, operands[0]);
    case Pseudo::type_id: return type_id(operands[0].reg(), static_cast<uint32_t>(inst.immediate));
    case Pseudo::stack_address:
      return as_.add_immediate(operands[0].reg(), kStackPointer, int64_t{area_offset(inst.extra)} + inst.displacement,
                               kScratch);
    case Pseudo::stack_load:
    case Pseudo::stack_store: return stack_access(inst, operands);
    case Pseudo::jump: return go_to(inst.targets[0]);
    case Pseudo::branch: return branch_to(inst, operands);
    case Pseudo::br_table: return jump_table(inst, operands);
    case Pseudo::return_: return return_();
    case Pseudo::call_direct:
    case Pseudo::call_import:
    case Pseudo::call_reference:
    case Pseudo::call_builtin: return call(inst, operands);
    case Pseudo::tail_direct:
    case Pseudo::tail_import:
    case Pseudo::tail_reference: return tail_call(inst, operands);
    case Pseudo::trap: return trap_here(inst.condition, inst.position);
    case Pseudo::trap_branch: {
      size_t next = 0;
      const auto [left, right] = test_registers(inst, operands, next);
      const Label target = add_stub(Stub::Kind::trap, inst);
      return as_.branch(static_cast<Op>(inst.immediate), left, right, target);
    }
    case Pseudo::select: return select(inst, operands);
    case Pseudo::fmin:
    case Pseudo::fmax: return float_min_max(inst, operands);
    case Pseudo::fround: return float_round(inst, operands);
    case Pseudo::trunc: return truncate(inst, operands);
    case Pseudo::atomic_cas:
    case Pseudo::atomic_narrow_cas:
    case Pseudo::atomic_narrow: return atomic(inst, operands);
    case Pseudo::gc_new: return gc_new(inst, operands);
    case Pseudo::gc_barrier: return gc_barrier(inst, operands);
    default: return simd(inst, operands);
  }
}

}  // namespace cairn::rv64

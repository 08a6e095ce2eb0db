// Emits a whole function: its blocks, and the dispatch of operations to the files that emit them.
#include <algorithm>

#include "compiler/codegen/allocation/stack_maps.hpp"
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using codegen::InsertedMove;
using wasm::TrapKind;

Emitter::Emitter(const MachineFunction& function, const AllocationResult& allocation, const compiler::Options& options,
                 CodeBuffer& code)
    : function_(function),
      allocation_(allocation),
      cpu_(options.cpu),
      code_(code),
      asm_(code),
      frame_(codegen::layout_frame(function, allocation.spill_slots, allocation.used_callee_saved.count(),
                                   codegen::ReturnAddress::pushed)),
      layout_(codegen::layout_blocks(function, allocation)),
      block_labels_(function.arena),
      colds_(function.arena),
      jump_tables_(function.arena),
      handlers_(function.arena) {}

void Emitter::run() {
  codegen::write_stack_offsets(allocation_, frame_, kRegisterFile, code_);
  // An estimate of the size: 5 bytes an operation, 4 a move.
  code_.bytes.reserve(function_.insts.size() * 5 + allocation_.moves.size() * 4 + 64);
  const uint32_t block_count = static_cast<uint32_t>(function_.blocks.size());
  block_labels_.reserve(block_count);
  for (uint32_t i = 0; i < block_count; ++i) block_labels_.push_back(asm_.new_label());
  const std::span<uint8_t> alignments = function_.arena.make_span<uint8_t>(block_count);
  const bool any_aligned = choose_alignments(alignments);

  prologue();
  uint32_t move = 0;
  for (const MBlock block : layout_.order) {
    // Cold blocks are emitted out of order. If the next move in the list is not the first one of this block, the
    // block's first move is searched for.
    const uint32_t first = function_.blocks[block.index()].first_inst;
    const auto before = [&](uint32_t i) { return allocation_.moves[i].before.index(); };
    const uint32_t moves = static_cast<uint32_t>(allocation_.moves.size());
    if ((move < moves && before(move) < first) || (move > 0 && move <= moves && before(move - 1) >= first)) {
      move =
          static_cast<uint32_t>(std::partition_point(allocation_.moves.begin(), allocation_.moves.end(),
                                                     [&](const InsertedMove& m) { return m.before.index() < first; }) -
                                allocation_.moves.begin());
    }
    if (any_aligned && alignments[block.index()] != 0) asm_.align(alignments[block.index()]);
    asm_.bind(block_labels_[block.index()]);
    emit_block(block, move);
  }
  for (size_t i = 0; i < colds_.size(); ++i) emit_cold(colds_[i]);
  // The labels of blocks that the layout omits stay unbound, and nothing refers to them.
  asm_.finish();
  emit_jump_tables();
  for (const Handler& handler : handlers_)
    code_.handlers.push_back(
        {asm_.adjusted(handler.return_offset), asm_.offset_of(block_labels_[handler.landing_pad.index()])});

  code_.frame_bytes = frame_.frame_bytes;
  code_.argument_bytes = function_.incoming_bytes;
  code_.body_begin = asm_.adjusted(code_.body_begin);
  code_.frame_begin = asm_.adjusted(code_.frame_begin);
  code_.saved_offset = frame_.saved_offset;
}

// --- Blocks

// Fills in the alignment of each block in bytes: 32 for the header of an innermost loop, 16 for the headers of other
// loops, and 0 for other blocks and cold headers, which are not aligned. Returns whether any block is aligned.
bool Emitter::choose_alignments(std::span<uint8_t> alignments) const {
  bool any = false;
  // The blocks are visited from the last one to the first one.
  uint32_t next_depth = 0;              // the depth of the next loop header after this block
  uint32_t lowest_since = 0xffff'ffff;  // the least depth of the blocks from this one up to that header
  for (size_t i = function_.blocks.size(); i-- > 0;) {
    const codegen::MachineBlock& block = function_.blocks[i];
    lowest_since = std::min<uint32_t>(lowest_since, block.loop_depth);
    if (!block.is_loop_header) continue;
    const bool contains_other = next_depth > block.loop_depth && lowest_since >= block.loop_depth;
    if (!block.is_cold) {
      alignments[i] = contains_other ? 16 : 32;
      any = true;
    }
    next_depth = block.loop_depth;
    lowest_since = block.loop_depth;
  }
  return any;
}

void Emitter::emit_block(MBlock index, uint32_t& next_move) {
  const codegen::MachineBlock& block = function_.blocks[index.index()];
  current_ = index;
  if (block.is_landing_pad) restore_instance();
  for (uint32_t i = block.first_inst; i < block.end_inst; ++i) {
    while (next_move < allocation_.moves.size() && allocation_.moves[next_move].before.index() == i)
      emit_move(allocation_.moves[next_move++]);
    emit_inst(function_.insts[i]);
  }
}

void Emitter::emit_inst(const MachineInst& inst) {
  position_ = inst.position;
  const Op op = static_cast<Op>(inst.opcode);
  // The families follow each other in machine.def in this order: integers, managed objects, atomics, conditions and
  // control flow, calls, tail calls, xmm registers.
  if (op <= Op::fence) {
    emit_integer(inst);
  } else if (op == Op::gc_new) {
    emit_gc_new(inst);
  } else if (op == Op::gc_barrier) {
    emit_gc_barrier(inst);
  } else if (op <= Op::atomic_cas) {
    emit_atomic(inst);
  } else if (op >= Op::zero_x) {
    const Allocation to = inst.operand_count > 0 ? allocation_of(inst, 0) : Allocation();
    emit_xmm(inst, to.is_register() ? to.reg().encoding() : 0);
  } else if (op >= Op::tail_direct) {
    emit_tail_call(inst);
  } else if (op >= Op::call_direct) {
    emit_call(inst);
  } else {
    switch (op) {
      case Op::branch: emit_branch(inst); break;
      case Op::jump: jump_to(inst.targets[0]); break;
      case Op::jump_table: emit_jump_table(inst); break;
      case Op::trap:
        asm_.set_trap(inst.position, static_cast<TrapKind>(inst.extra));
        asm_.record_trap();
        asm_.ud2();
        break;
      case Op::ret:
        epilogue();
        asm_.ret(function_.incoming_bytes);
        break;
      default: emit_condition(inst); break;
    }
  }
}

// --- Operands

Rm Emitter::rm(const MachineInst& inst, unsigned operand) const {
  const Allocation& allocation = allocation_of(inst, operand);
  if (allocation.is_slot()) return Rm::m(slot_address(allocation.slot()));
  return Rm::r(allocation.reg().encoding());
}

Address Emitter::address(const MachineInst& inst) {
  Address result;
  unsigned operand = inst.operand_count - AddressBits::registers(inst.scale);
  result.displacement = inst.displacement;
  result.traps = AddressBits::traps(inst.scale);
  switch (AddressBits::base(inst.scale)) {
    case Base::none: break;
    case Base::reg: result.base = static_cast<uint8_t>(reg(inst, operand++)); break;
    case Base::memory: result.base = kMemory; break;
    case Base::context: result.base = kContext; break;
    case Base::constant: {
      const auto& constant = function_.constants[static_cast<size_t>(inst.displacement)];
      result.rodata = true;
      result.displacement = static_cast<int32_t>(
          code_.add_constant(std::span(constant).first(size_t{4} << AddressBits::scale(inst.scale))));
      return result;
    }
    case Base::incoming:
      result.base = rsp;
      result.displacement += static_cast<int32_t>(frame_.incoming_offset);
      break;
    case Base::outgoing: result.base = rsp; break;
    case Base::fixed:
      result.base = rsp;
      result.displacement += static_cast<int32_t>(frame_.fixed_offset);
      break;
  }
  if (AddressBits::has_index(inst.scale)) {
    result.index = static_cast<uint8_t>(reg(inst, operand));
    result.scale = static_cast<uint8_t>(AddressBits::scale(inst.scale));
  }
  return result;
}

bool Emitter::has_operand_in(const MachineInst& inst, unsigned first, unsigned reg_number) const {
  for (unsigned i = first; i < inst.operand_count; ++i) {
    const Allocation& allocation = allocation_of(inst, i);
    if (allocation.is_register() && allocation.reg() == gpr(reg_number)) return true;
  }
  return false;
}

}  // namespace cairn::x64

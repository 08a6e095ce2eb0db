// The function as a whole: frame, blocks, moves, branches, cold code.
#include <algorithm>

#include "compiler/codegen/allocation/stack_maps.hpp"
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using codegen::InsertedMove;
using codegen::PReg;
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
  code_.bytes.reserve(function_.insts.size() * 5 + allocation_.moves.size() * 4 + 64);
  const uint32_t block_count = static_cast<uint32_t>(function_.blocks.size());
  block_labels_.reserve(block_count);
  for (uint32_t i = 0; i < block_count; ++i) block_labels_.push_back(asm_.new_label());
  const std::span<uint8_t> alignments = function_.arena.make_span<uint8_t>(block_count);
  const bool has_loops = find_innermost_loops(alignments);

  prologue();
  uint32_t move = 0;
  for (const MBlock block : layout_.order) {
    // Cold blocks are out of order: find the block's moves anew when they are not the next.
    const uint32_t first = function_.blocks[block.index()].first_inst;
    const auto before = [&](uint32_t i) { return allocation_.moves[i].before.index(); };
    const uint32_t moves = static_cast<uint32_t>(allocation_.moves.size());
    if ((move < moves && before(move) < first) || (move > 0 && move <= moves && before(move - 1) >= first)) {
      move =
          static_cast<uint32_t>(std::partition_point(allocation_.moves.begin(), allocation_.moves.end(),
                                                     [&](const InsertedMove& m) { return m.before.index() < first; }) -
                                allocation_.moves.begin());
    }
    if (has_loops && alignments[block.index()] != 0) asm_.align(alignments[block.index()]);
    asm_.bind(block_labels_[block.index()]);
    emit_block(block, move);
  }
  for (size_t i = 0; i < colds_.size(); ++i) emit_cold(colds_[i]);
  // Blocks that only jump have no place of their own; nothing refers to their labels.
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

// --- Frame

void Emitter::prologue() {
  constexpr int32_t kPage = 4096;
  const auto frame = static_cast<int32_t>(frame_.frame_bytes);
  if (frame > kPage) {
    // Touch the pages from the top down, so that the guard page is hit first; the stack pointer has not moved yet.
    const int32_t pages = frame / kPage;
    if (pages <= 4) {
      for (int32_t i = 1; i <= pages; ++i)
        asm_.rm(one_byte(0x85), rsp, Rm::m({.base = rsp, .displacement = -i * kPage}));
    } else {
      const Label loop = asm_.new_label();
      asm_.mov_ri(kScratch, 0);
      asm_.bind(loop);
      asm_.alu_rm_i(Alu::sub, 8, Rm::r(kScratch), kPage);
      asm_.rm(one_byte(0x85), rsp, Rm::m({.base = rsp, .index = kScratch}));
      asm_.alu_rm_i(Alu::cmp, 8, Rm::r(kScratch), -pages * kPage);
      asm_.jcc(Cc::ne, loop);
    }
  }
  if (frame != 0) asm_.alu_rm_i(Alu::sub, 8, Rm::r(rsp), frame);
  code_.frame_begin = code_.offset();
  int32_t at = static_cast<int32_t>(frame_.saved_offset);
  for (size_t i = 0; i < kCalleeSaved.size(); ++i) {
    if (!allocation_.used_callee_saved.has(kCalleeSaved[i])) continue;
    asm_.store(8, {.base = rsp, .displacement = at}, kCalleeSaved[i].encoding());
    code_.saved_registers |= uint32_t{1} << i;
    at += 8;
  }
  code_.body_begin = code_.offset();
}

void Emitter::epilogue() {
  int32_t at = static_cast<int32_t>(frame_.saved_offset);
  for (const PReg r : kCalleeSaved) {
    if (!allocation_.used_callee_saved.has(r)) continue;
    asm_.load(true, r.encoding(), {.base = rsp, .displacement = at});
    at += 8;
  }
  if (frame_.frame_bytes != 0) asm_.alu_rm_i(Alu::add, 8, Rm::r(rsp), static_cast<int32_t>(frame_.frame_bytes));
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

// --- Blocks

// Which blocks to align, and to what: the heads of loops, innermost ones to more. Returns whether there are any.
bool Emitter::find_innermost_loops(std::span<uint8_t> alignments) const {
  bool any = false;
  uint32_t next_depth = 0;              // of the nearest header behind this block
  uint32_t lowest_since = 0xffff'ffff;  // least depth between here and there
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

void Emitter::emit_move(const InsertedMove& move) {
  if (move.rematerialize) {
    MachineInst inst = function_.insts[move.rematerialize.index()];
    const bool to_slot = move.to.is_slot();
    const bool integer = codegen::in_integer_registers(move.reg_class);
    const unsigned to = to_slot ? (integer ? unsigned{kScratch} : kScratchXmm) : move.to.reg().encoding();
    switch (static_cast<Op>(inst.opcode)) {
      case Op::mov_imm: asm_.mov_ri(to, static_cast<uint64_t>(inst.immediate)); break;
      case Op::mov_context: asm_.mov_rr(true, to, kContext); break;
      case Op::type_id:
        asm_.mov_ri(to, 0x7fff'ffff);
        code_.relocations.push_back(
            {codegen::RelocationKind::type_id, code_.offset() - 4, static_cast<uint32_t>(inst.immediate), 0});
        break;
      default: emit_xmm(inst, to); break;
    }
    if (!to_slot) return;
    if (integer) {
      asm_.store(8, slot_address(move.to.slot()), to);
    } else {
      asm_.store_xmm(cpu_.avx, move.reg_class == RegClass::vector ? 16 : 8, slot_address(move.to.slot()), to);
    }
    return;
  }
  const unsigned size = move.reg_class == RegClass::vector ? 16 : 8;
  if (move.to.is_slot()) {
    CAIRN_ASSERT(move.from.is_register());
    if (codegen::in_integer_registers(move.reg_class)) {
      asm_.store(8, slot_address(move.to.slot()), move.from.reg().encoding());
    } else {
      asm_.store_xmm(cpu_.avx, size, slot_address(move.to.slot()), move.from.reg().encoding());
    }
  } else if (move.from.is_slot()) {
    if (codegen::in_integer_registers(move.reg_class)) {
      asm_.load(true, move.to.reg().encoding(), slot_address(move.from.slot()));
    } else {
      asm_.load_xmm(cpu_.avx, size, move.to.reg().encoding(), slot_address(move.from.slot()));
    }
  } else if (codegen::in_integer_registers(move.reg_class)) {
    asm_.mov_rr(true, move.to.reg().encoding(), move.from.reg().encoding());
  } else {
    asm_.movaps(cpu_.avx, move.to.reg().encoding(), move.from.reg().encoding());
  }
}

void Emitter::emit_inst(const MachineInst& inst) {
  position_ = inst.position;
  const Op op = static_cast<Op>(inst.opcode);
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

// --- Control

void Emitter::jump_to(MBlock target) {
  if (!layout_.falls_through(current_, target)) asm_.jmp(block_labels_[layout_.target(target).index()]);
}

void Emitter::jump_if(uint8_t condition, Label target) {
  if (condition == static_cast<uint8_t>(FloatCc::equal)) {
    const Label skip = asm_.new_label();
    asm_.jcc(Cc::p, skip);
    asm_.jcc(Cc::e, target);
    asm_.bind(skip);
  } else if (condition == static_cast<uint8_t>(FloatCc::not_equal)) {
    asm_.jcc(Cc::p, target);
    asm_.jcc(Cc::ne, target);
  } else {
    asm_.jcc(static_cast<Cc>(condition), target);
  }
}

void Emitter::emit_branch(const MachineInst& inst) {
  const MBlock if_true = layout_.target(inst.targets[0]), if_false = layout_.target(inst.targets[1]);
  if (if_true == if_false) {
    if (AddressBits::traps(inst.scale)) emit_compare(inst, 0);
    jump_to(if_true);
    return;
  }
  emit_compare(inst, 0);
  if (layout_.falls_through(current_, if_true)) {
    jump_if(inst.condition ^ 1, block_labels_[if_false.index()]);
    return;
  }
  jump_if(inst.condition, block_labels_[if_true.index()]);
  jump_to(if_false);
}

void Emitter::emit_jump_table(const MachineInst& inst) {
  const MachineFunction::JumpTable& table = function_.jump_tables[static_cast<size_t>(inst.immediate)];
  const unsigned base = reg(inst, 0), index = reg(inst, 1);
  if (inst.extra == 0) {
    const MBlock otherwise = layout_.target(function_.block_lists[table.first + table.count - 1]);
    asm_.alu_rm_i(Alu::cmp, 4, Rm::r(index), static_cast<int32_t>(table.count - 1));
    asm_.jcc(Cc::ae, block_labels_[otherwise.index()]);
  }
  // Entries of four bytes: the distance from the table to the block.
  while (code_.rodata.size() % 4 != 0) code_.rodata.push_back(std::byte{0});
  const uint32_t rodata = static_cast<uint32_t>(code_.rodata.size());
  const uint32_t entries = inst.extra == 0 ? table.count - 1 : table.count;
  code_.rodata.resize(rodata + 4 * entries);
  jump_tables_.push_back({static_cast<uint32_t>(inst.immediate), rodata, entries});
  asm_.lea(true, base, {.rodata = true, .displacement = static_cast<int32_t>(rodata)});
  asm_.rm(one_byte(0x63, true), kScratch,
          Rm::m({.base = static_cast<uint8_t>(base), .index = static_cast<uint8_t>(index), .scale = 2}));
  asm_.alu_rr(Alu::add, true, kScratch, base);
  asm_.jmp_rm(Rm::r(kScratch));
}

void Emitter::emit_jump_tables() {
  for (const JumpTable& jump : jump_tables_) {
    const MachineFunction::JumpTable& table = function_.jump_tables[jump.table];
    for (uint32_t i = 0; i < jump.entries; ++i) {
      const uint32_t entry = jump.rodata + 4 * i;
      const MBlock target = layout_.target(function_.block_lists[table.first + i]);
      code_.relocations.push_back({codegen::RelocationKind::code_address, entry,
                                   asm_.offset_of(block_labels_[target.index()]), static_cast<int32_t>(4 * i)});
    }
  }
}

// --- Cold code

Label Emitter::trap_label(TrapKind kind) {
  for (size_t i = colds_.size(), tries = 0; i-- > 0 && tries < 4; ++tries) {
    const Cold& cold = colds_[i];
    if (cold.kind == ColdKind::trap && cold.position == position_ && cold.detail == static_cast<uint8_t>(kind))
      return cold.entry;
  }
  return cold_label(ColdKind::trap, Label::none(), static_cast<uint8_t>(kind));
}

Label Emitter::cold_label(ColdKind kind, Label back, uint8_t detail) {
  const Label entry = asm_.new_label();
  colds_.push_back({kind, detail, entry, back, nullptr, position_});
  return entry;
}

void Emitter::emit_cold(const Cold& cold_reference) {
  const Cold cold = cold_reference;  // the list may grow
  position_ = cold.position;
  asm_.bind(cold.entry);
  switch (cold.kind) {
    case ColdKind::trap:
      asm_.set_trap(cold.position, static_cast<TrapKind>(cold.detail));
      asm_.record_trap();
      asm_.ud2();
      return;
    case ColdKind::divide_overflow: {
      // Dividing by -1: only the least number overflows, and only its decrement does.
      asm_.alu_rm_i(Alu::cmp, cold.inst->size, Rm::r(rax), 1);
      asm_.jcc(Cc::o, trap_label(TrapKind::integer_overflow));
      break;
    }
    case ColdKind::remainder_zero: asm_.mov_ri(rdx, 0); break;
    case ColdKind::nan_add: {
      const Encoding add = sse(cold.inst->size == 4 ? Prefix::pf3 : Prefix::pf2, 0x58);
      x_op(add, reg(*cold.inst, 0), reg(*cold.inst, 0), Rm::r(reg(*cold.inst, 2)));
      break;
    }
    case ColdKind::truncate:
      if (!emit_trunc_slow(*cold.inst, cold)) return;
      break;
    case ColdKind::convert_u64: {
      // Halve, rounding to odd, convert, double.
      const unsigned to = reg(*cold.inst, 0), odd = reg(*cold.inst, 1), from = reg(*cold.inst, 2);
      const Prefix prefix = cold.inst->size == 4 ? Prefix::pf3 : Prefix::pf2;
      asm_.mov_rr(true, kScratch, from);
      asm_.mov_rr(false, odd, from);
      asm_.shift_i(Shift::shr, true, kScratch, 1);
      asm_.alu_rm_i(Alu::and_, 4, Rm::r(odd), 1);
      asm_.alu_rr(Alu::or_, true, kScratch, odd);
      x_op(sse(prefix, 0x2a).wide(), to, to, Rm::r(kScratch));
      x_op(sse(prefix, 0x58), to, to, Rm::r(to));
      break;
    }
    case ColdKind::gc: emit_gc_slow(*cold.inst); break;
    case ColdKind::other_instance:
      asm_.rm(one_byte(0x87, true), kScratch, Rm::r(kContext));  // xchg: the caller's in r11
      asm_.load(true, kMemory, {.base = kContext});
      asm_.call_rm(Rm::m({.base = static_cast<uint8_t>(reg(*cold.inst, 0))}));
      record_call(*cold.inst);
      restore_instance();
      break;
  }
  asm_.jmp(cold.back);
}

}  // namespace cairn::x64

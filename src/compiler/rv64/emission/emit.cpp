#include "base/assert.hpp"
#include "compiler/codegen/allocation/stack_maps.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

using codegen::FrameLayout;
using codegen::InsertedMove;
using codegen::ReturnAddress;

namespace {

constexpr uint32_t kPage = 4096;

PReg fixed_of(uint8_t payload) { return PReg(payload - 1u); }

}  // namespace

bool has_stack_tail_call(const codegen::MachineFunction& function) {
  for (const MachineInst& inst : function.insts)
    if (inst.opcode >= opcode_of(Pseudo::tail_direct) && inst.opcode <= opcode_of(Pseudo::tail_reference) &&
        inst.displacement != 0)
      return true;
  return false;
}

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
  const std::span<const PReg> callee_saved = callee_saved_in_order();
  code.saved_registers = 0;
  for (size_t i = 0; i < callee_saved.size(); ++i) {
    if (!allocation.used_callee_saved.has(callee_saved[i])) continue;
    saved_.push_back(callee_saved[i]);
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
  // Blocks are emitted in another order than numbered, so their moves are looked up.
  for (const MBlock b : layout_.order) {
    block(b);
    if (is_far_from_stubs(2048) && !layout_.next[b.index()].valid()) flush_stubs();
  }
  flush_stubs();
  if (!as_.finish()) return false;
  for (const Handler& handler : handlers_)
    code_.handlers.push_back({handler.return_offset, as_.offset_of(labels_[handler.landing_pad.index()])});
  return true;
}

// --- Frame

void Emitter::prologue() {
  const uint32_t bytes = frame_.frame_bytes;
  if (bytes > kPage) {
    // Touch every page below the stack pointer before it moves; t0 and the scratch registers are free here.
    const uint32_t pages = bytes / kPage;
    as_.upper(Op::lui, kScratch, -1);
    if (pages <= 4) {
      for (uint32_t i = 0; i < pages; ++i) {
        as_.r3(Op::add, kScratch2, i == 0 ? kStackPointer : kScratch2, kScratch);
        as_.load(Op::lb, kZero, kScratch2, 0);
      }
    } else {
      as_.load_immediate(t(0), -int64_t{pages} * kPage);
      as_.r3(Op::add, t(0), t(0), kStackPointer);
      as_.move(kScratch2, kStackPointer);
      const Label loop = as_.new_label();
      as_.bind(loop);
      as_.r3(Op::add, kScratch2, kScratch2, kScratch);
      as_.load(Op::lb, kZero, kScratch2, 0);
      as_.branch(Op::bne, kScratch2, t(0), loop);
    }
  }
  code_.frame_begin = 0;
  code_.body_begin = 0;
  if (bytes != 0) {
    as_.add_immediate(kStackPointer, kStackPointer, -int64_t{bytes}, kScratch);
    code_.frame_begin = as_.offset();
    if (saves_return_address_) as_.store_far(Op::sd, kReturnAddress, kStackPointer, frame_.return_offset, kScratch);
    for (size_t i = 0; i < saved_.size(); ++i)
      as_.store_far(saved_[i].number() < 32 ? Op::sd : Op::fsd, saved_[i], kStackPointer,
                    frame_.saved_offset + 8 * int64_t(i), kScratch);
    code_.body_begin = as_.offset();
  }
}

// Callee-saved registers and the return address; the stack pointer stays.
void Emitter::restore_frame() {
  for (size_t i = 0; i < saved_.size(); ++i)
    as_.load_far(saved_[i].number() < 32 ? Op::ld : Op::fld, saved_[i], kStackPointer,
                 frame_.saved_offset + 8 * int64_t(i), kScratch);
  if (saves_return_address_) as_.load_far(Op::ld, kReturnAddress, kStackPointer, frame_.return_offset, kScratch);
}

void Emitter::return_() {
  restore_frame();
  as_.add_immediate(kStackPointer, kStackPointer, int64_t{frame_.frame_bytes} + function_.incoming_bytes, kScratch);
  as_.load(Op::jalr, kZero, kReturnAddress, 0);
}

uint32_t Emitter::area_offset(uint8_t area) const {
  switch (static_cast<StackArea>(area)) {
    case StackArea::incoming: return frame_.incoming_offset;
    case StackArea::outgoing: return 0;
    case StackArea::fixed: return frame_.fixed_offset;
  }
  CAIRN_UNREACHABLE();
}

// --- Blocks and moves

void Emitter::block(MBlock b) {
  current_ = b;
  const MachineBlock& data = function_.blocks[b.index()];
  as_.bind(labels_[b.index()]);
  vector_state_ = kNoVectorState;
  if (data.is_landing_pad) restore_instance(context_slot_);
  // The first move at or behind the block's start.
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

void Emitter::moves_before(uint32_t inst) {
  for (; next_move_ < allocation_.moves.size() && allocation_.moves[next_move_].before.index() == inst; ++next_move_)
    move(allocation_.moves[next_move_]);
}

void Emitter::move(const InsertedMove& m) {
  if (m.rematerialize.valid()) {
    const MachineInst& inst = function_.insts[m.rematerialize.index()];
    if (m.to.is_register() || (m.reg_class == RegClass::vector && !cpu_.v)) return instruction(inst, {&m.to, 1});
    const PReg scratch = codegen::in_integer_registers(m.reg_class) ? kScratch
                         : m.reg_class == RegClass::floating        ? kFloatScratch
                                                                    : kVectorScratch;
    const Allocation through = Allocation::in_register(scratch);
    instruction(inst, {&through, 1});
    return move_to_slot(m.reg_class, scratch, frame_.slot_offset(m.to.slot()));
  }
  if (m.from.is_slot() && m.to.is_slot()) {
    const uint32_t from = frame_.slot_offset(m.from.slot()), to = frame_.slot_offset(m.to.slot());
    if (m.reg_class == RegClass::vector && !cpu_.v) return copy_slot(from, to);
    const PReg scratch = codegen::in_integer_registers(m.reg_class) ? kScratch
                         : m.reg_class == RegClass::floating        ? kFloatScratch
                                                                    : kVectorScratch;
    move_from_slot(m.reg_class, scratch, from);
    return move_to_slot(m.reg_class, scratch, to);
  }
  if (m.from.is_slot()) return move_from_slot(m.reg_class, m.to.reg(), frame_.slot_offset(m.from.slot()));
  if (m.to.is_slot()) return move_to_slot(m.reg_class, m.from.reg(), frame_.slot_offset(m.to.slot()));
  const PReg from = m.from.reg(), to = m.to.reg();
  if (from == to) return;
  switch (m.reg_class) {
    case RegClass::integer:
    case RegClass::reference: return as_.move(to, from);
    case RegClass::floating: return as_.r3(Op::fsgnj_d, to, from, from);
    case RegClass::vector: return as_.v2(Op::vmv1r_v, to, from);
  }
}

void Emitter::move_to_slot(RegClass reg_class, PReg from, uint32_t offset) {
  switch (reg_class) {
    case RegClass::integer:
    case RegClass::reference: return as_.store_far(Op::sd, from, kStackPointer, offset, kScratch2);
    case RegClass::floating: return as_.store_far(Op::fsd, from, kStackPointer, offset, kScratch2);
    case RegClass::vector:
      as_.add_immediate(kScratch2, kStackPointer, offset, kScratch2);
      use_vectors(16, Sew::e8);
      return as_.vmem(Op::vse8, from, kScratch2);
  }
}

void Emitter::move_from_slot(RegClass reg_class, PReg to, uint32_t offset) {
  switch (reg_class) {
    case RegClass::integer:
    case RegClass::reference: return as_.load_far(Op::ld, to, kStackPointer, offset, kScratch2);
    case RegClass::floating: return as_.load_far(Op::fld, to, kStackPointer, offset, kScratch2);
    case RegClass::vector:
      as_.add_immediate(kScratch2, kStackPointer, offset, kScratch2);
      use_vectors(16, Sew::e8);
      return as_.vmem(Op::vle8, to, kScratch2);
  }
}

// --- Instructions

void Emitter::trap_site(const MachineInst& inst) {
  if (inst.condition != 0)
    code_.traps.push_back({as_.offset(), inst.position, static_cast<wasm::TrapKind>(inst.condition - 1)});
}

void Emitter::trap_here(uint8_t kind, uint32_t position) {
  code_.traps.push_back({as_.offset(), position, static_cast<wasm::TrapKind>(kind - 1)});
  as_.op0(Op::unimp);
}

void Emitter::instruction(const MachineInst& inst, Operands operands) {
  if (!is_instruction(inst.opcode)) return pseudo(inst, operands);
  const Op op = static_cast<Op>(inst.opcode);
  size_t next = 0;
  const auto source = [&](uint8_t payload) { return payload != 0 ? fixed_of(payload) : operands[next++].reg(); };
  const auto last = [&] { return operands[next].reg(); };
  switch (facts(op).format) {
    case Format::none: return as_.op0(op);
    case Format::reg2:
    case Format::reg2r: {
      const PReg rs1 = source(inst.extra);
      return as_.r2(op, last(), rs1, static_cast<Rounding>(inst.size));
    }
    case Format::reg3:
    case Format::reg3r: {
      const PReg rs1 = source(inst.extra), rs2 = source(inst.scale);
      return as_.r3(op, last(), rs1, rs2, static_cast<Rounding>(inst.size));
    }
    case Format::imm:
    case Format::shift:
    case Format::shiftw: {
      const PReg rs1 = source(inst.extra);
      return as_.ri(op, last(), rs1, inst.displacement);
    }
    case Format::load: {
      const PReg base = source(inst.extra);
      trap_site(inst);
      return as_.load(op, last(), base, inst.displacement);
    }
    case Format::amo: {
      const PReg address = source(inst.extra), value = source(inst.scale);
      trap_site(inst);
      return as_.r3(op, last(), address, value);
    }
    case Format::store: {
      const PReg base = source(inst.extra), stored = source(inst.scale);
      trap_site(inst);
      return as_.store(op, stored, base, inst.displacement);
    }
    default: CAIRN_UNREACHABLE();
  }
}

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

void Emitter::float_constant(const MachineInst& inst, PReg rd) {
  const uint64_t bits = static_cast<uint64_t>(inst.immediate);
  if (inst.size == 4) {
    const uint32_t low = static_cast<uint32_t>(bits);
    if (low == 0) return as_.r2(Op::fmv_w_x, rd, kZero);
    if (as_.immediate_length(static_cast<int32_t>(low)) == 1) {
      as_.load_immediate(kScratch, static_cast<int32_t>(low));
      return as_.r2(Op::fmv_w_x, rd, kScratch);
    }
    std::byte bytes[4];
    for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::byte>(low >> (8 * i));
    return as_.rodata(Op::flw, rd, kScratch, code_.add_constant(bytes));
  }
  if (bits == 0) return as_.r2(Op::fmv_d_x, rd, kZero);
  std::byte bytes[8];
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(bits >> (8 * i));
  as_.rodata(Op::fld, rd, kScratch, code_.add_constant(bytes));
}

void Emitter::stack_access(const MachineInst& inst, Operands operands) {
  const Op op = static_cast<Op>(inst.immediate);
  const int64_t offset = int64_t{area_offset(inst.extra)} + inst.displacement;
  const bool is_load = static_cast<Pseudo>(inst.opcode) == Pseudo::stack_load;
  if (op == Op::vle8 || op == Op::vse8) {
    const uint32_t at = static_cast<uint32_t>(offset);
    if (!cpu_.v) {
      const uint32_t slot = frame_.slot_offset(operands[0].slot());
      return is_load ? copy_slot(at, slot) : copy_slot(slot, at);
    }
    return is_load ? move_from_slot(RegClass::vector, operands[0].reg(), at)
                   : move_to_slot(RegClass::vector, operands[0].reg(), at);
  }
  if (is_load)
    as_.load_far(op, operands[0].reg(), kStackPointer, offset, kScratch2);
  else
    as_.store_far(op, operands[0].reg(), kStackPointer, offset, kScratch2);
}

// --- Control

std::pair<PReg, PReg> Emitter::test_registers(const MachineInst& inst, Operands operands, size_t& next) const {
  const PReg left = inst.extra != 0 ? fixed_of(inst.extra) : operands[next++].reg();
  const PReg right = inst.scale != 0 ? fixed_of(inst.scale) : operands[next++].reg();
  return {left, right};
}

void Emitter::go_to(MBlock target) {
  if (!layout_.falls_through(current_, target)) as_.jump(label(target));
}

void Emitter::branch_to(const MachineInst& inst, Operands operands) {
  size_t next = 0;
  const auto [left, right] = test_registers(inst, operands, next);
  const Op op = static_cast<Op>(inst.immediate);
  if (layout_.target(inst.targets[0]) == layout_.target(inst.targets[1])) return go_to(inst.targets[0]);
  if (layout_.falls_through(current_, inst.targets[0]))
    return as_.branch(inverted_branch(op), left, right, label(inst.targets[1]));
  as_.branch(op, left, right, label(inst.targets[0]));
  go_to(inst.targets[1]);
}

// A table of jumps in the code itself: no load, no relocation, and nothing to hoist.
//   li t6, N; bgeu index, t6, default; auipc t5, 0; sh2add t5, index, t5; jalr x0, 12(t5); j ...
void Emitter::jump_table(const MachineInst& inst, Operands operands) {
  const codegen::MachineFunction::JumpTable& table = function_.jump_tables[static_cast<size_t>(inst.immediate)];
  const auto target = [&](uint32_t i) { return label(function_.block_lists[table.first + i]); };
  const uint32_t entries = table.count - 1;
  const PReg index = operands[0].reg();
  if (inst.extra == 0) {
    if (entries == 1) {
      as_.branch(Op::bne, index, kZero, target(1));
      return go_to(function_.block_lists[table.first]);
    }
    as_.load_immediate(kScratch, entries);
    as_.branch(Op::bgeu, index, kScratch, target(entries));
  }
  const unsigned bytes = as_.table_entry_bytes(), shift = bytes == 8 ? 3 : 2;
  const auto encode = [](Op op, PReg rd, PReg rs1, uint32_t upper) {
    return facts(op).bits | rd.encoding() << 7 | rs1.encoding() << 15 | upper << 20;
  };
  as_.emit_long(encode(Op::auipc, kScratch2, kZero, 0));
  if (cpu_.zba) {
    as_.emit_long(encode(shift == 3 ? Op::sh3add : Op::sh2add, kScratch2, index, kScratch2.encoding()));
    as_.emit_long(encode(Op::jalr, kZero, kScratch2, 12));
  } else {
    as_.emit_long(encode(Op::slli, kScratch, index, shift));
    as_.emit_long(encode(Op::add, kScratch2, kScratch2, kScratch.encoding()));
    as_.emit_long(encode(Op::jalr, kZero, kScratch2, 16));
  }
  for (uint32_t i = 0; i < entries; ++i) as_.table_entry(target(i), bytes);
}

// rd holds a: keep it when the test holds.
void Emitter::select(const MachineInst& inst, Operands operands) {
  size_t next = 0;
  const auto [left, right] = test_registers(inst, operands, next);
  const PReg other = operands[next + 1].reg(), rd = operands[next + 2].reg();
  if (other == rd) return;
  const Label done = as_.new_label();
  as_.branch(static_cast<Op>(inst.immediate), left, right, done);
  if (static_cast<RegClass>(inst.size) == RegClass::floating)
    as_.r3(Op::fsgnj_d, rd, other, other);
  else
    as_.move(rd, other);
  as_.bind(done);
}

// --- Code out of line

Label Emitter::add_stub(Stub::Kind kind, const MachineInst& inst, std::initializer_list<PReg> registers) {
  if (kind == Stub::Kind::trap && !stubs_.empty()) {
    const Stub& last = stubs_.back();
    if (last.kind == kind && last.inst.condition == inst.condition && last.inst.position == inst.position)
      return last.label;
  }
  if (stubs_.empty()) first_stub_use_ = as_.offset();
  Stub s;
  s.kind = kind;
  s.label = as_.new_label();
  s.inst = inst;
  s.index = current_inst_;
  size_t i = 0;
  for (PReg r : registers) s.registers[i++] = r;
  if (kind != Stub::Kind::trap) s.back = as_.new_label();
  stubs_.push_back(s);
  return s.label;
}

void Emitter::flush_stubs() {
  for (const Stub& s : stubs_) {
    as_.bind(s.label);
    stub(s);
  }
  stubs_.clear();
}

void Emitter::stub(const Stub& s) {
  switch (s.kind) {
    case Stub::Kind::trap: return trap_here(s.inst.condition, s.inst.position);
    case Stub::Kind::trunc: return truncate_stub(s);
    case Stub::Kind::gc: return gc_stub(s);
    case Stub::Kind::fmin: {
      // A NaN on either side: their sum is one.
      as_.r3(s.inst.size == 8 ? Op::fadd_d : Op::fadd_s, s.registers[0], s.registers[1], s.registers[2]);
      return as_.jump(s.back);
    }
    case Stub::Kind::call:
      current_inst_ = s.index;
      call_in_context(s.inst);
      return as_.jump(s.back);
  }
}

}  // namespace cairn::rv64

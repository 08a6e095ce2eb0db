// Emits the code for the frame: the prologue, the epilogue, and accesses to the frame's areas.
#include "base/assert.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

namespace {

constexpr uint32_t kPage = 4096;  // bytes

}  // namespace

bool has_stack_tail_call(const codegen::MachineFunction& function) {
  for (const MachineInst& inst : function.insts)
    if (inst.opcode >= opcode_of(Pseudo::tail_direct) && inst.opcode <= opcode_of(Pseudo::tail_reference) &&
        inst.displacement != 0)
      return true;
  return false;
}

void Emitter::prologue() {
  const uint32_t bytes = frame_.frame_bytes;
  if (bytes > kPage) {
    // Each page of the frame is touched, from the top down, so that the frame cannot skip the guard page below the
    // stack. t0 and the scratch registers are free here.
    const uint32_t pages = bytes / kPage;
    as_.upper(Op::lui, kScratch, -1);  // t6 = -4096
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

// Loads the callee-saved registers and the return address. The stack pointer stays unchanged.
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

}  // namespace cairn::rv64

// The last part of register allocation: assigns slots and puts the moves in order.
#include "base/assert.hpp"
#include "compiler/codegen/allocation/parallel_moves.hpp"
#include "compiler/codegen/allocation/regalloc_state.hpp"
#include "compiler/codegen/allocation/spill_slots.hpp"
#include "compiler/codegen/allocation/stack_maps.hpp"

namespace cairn::codegen::regalloc {

Result<AllocationResult> Allocator::finish() {
  const std::span<uint8_t> needs_slot = arena_.make_span<uint8_t>(values_.size());
  for (uint32_t v = 0; v < values_.size(); ++v)
    needs_slot[v] = values_[v].needs_slot && live_.vregs[v].def != kNever ? 1 : 0;
  const SpillSlots slots = assign_spill_slots(function_, live_, registers_, needs_slot);
  auto memory_of = [&](VReg value) {
    const uint32_t slot = slots.slot_of[value.index()];
    CAIRN_ASSERT(slot != SpillSlots::kNone);
    return Allocation::in_slot(slot);
  };

  AllocationResult result{ArenaVector<Allocation>(arena_),
                          ArenaVector<InsertedMove>(arena_),
                          ArenaVector<StackMap>(arena_),
                          ArenaVector<uint32_t>(arena_),
                          used_callee_saved_,
                          slots.count};
  for (uint32_t k = 0; k < allocations_.size(); ++k)
    if (!allocations_[k].valid()) allocations_[k] = memory_of(function_.operands[k].reg);
  result.operands = allocations_;

  result.moves.reserve(moves_.size());
  ParallelMoves parallel(arena_, registers_, slots.count, result.moves);
  for (uint32_t i = 0; i < first_move_.size(); ++i) {
    if (first_move_[i] == kNone) continue;
    for (uint32_t m = first_move_[i]; m != kNone; m = moves_[m].next) {
      const RawMove& move = moves_[m];
      const RegClass reg_class = class_of(move.to);
      const Allocation to = move.to_reg.valid() ? Allocation::in_register(move.to_reg) : memory_of(move.to);
      const ValueState& from = values_[move.from.index()];
      if (!move.from_reg.valid() && from.rematerialize.valid()) {
        parallel.add_rematerialization(reg_class, from.rematerialize, to);
      } else if (!move.from_reg.valid()) {
        parallel.add(reg_class, memory_of(move.from), to);
      } else if (to.is_slot() && move.from_clean && slots.slot_of[move.from.index()] == to.slot()) {
        // The two values share a slot, which holds the value already.
      } else {
        parallel.add(reg_class, Allocation::in_register(move.from_reg), to);
      }
    }
    parallel.flush(MInst(i));
  }
  if (arena_.exhausted())
    return fail(Error::of(ErrorKind::limit, "register allocation exceeds the function's compile budget"));
  CAIRN_TRY(make_stack_maps(function_, live_, slots.slot_of, safepoints_, result));
  return result;
}

}  // namespace cairn::codegen::regalloc

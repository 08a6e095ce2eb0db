#include "compiler/codegen/allocation/parallel_moves.hpp"

#include "base/assert.hpp"

namespace cairn::codegen {

ParallelMoves::ParallelMoves(Arena& arena, const RegisterFile& registers, uint32_t slot_count,
                             ArenaVector<InsertedMove>& out)
    : registers_(registers), out_(out), moves_(arena), ready_(arena), readers_(arena), writer_(arena) {
  readers_.assign(PReg::kCount + slot_count, 0);
  writer_.assign(PReg::kCount + slot_count, kNone);
}

void ParallelMoves::add(RegClass reg_class, Allocation from, Allocation to) {
  CAIRN_ASSERT(from.valid() && to.valid());
  if (from != to) moves_.push_back({reg_class, from, to, MInst()});
}

void ParallelMoves::add_rematerialization(RegClass reg_class, MInst definition, Allocation to) {
  moves_.push_back({reg_class, Allocation(), to, definition});
}

void ParallelMoves::emit(RegClass reg_class, Allocation from, Allocation to) {
  out_.push_back({before_, reg_class, from, to, MInst()});
}

// Emits a move from slot to slot. `busy` is the scratch register that holds a value of a cycle, or invalid if there is
// no cycle.
void ParallelMoves::transfer_memory(RegClass reg_class, Allocation from, Allocation to, PReg busy) {
  const PReg scratch = scratch_of(reg_class);
  if (scratch != busy) {
    emit(reg_class, from, Allocation::in_register(scratch));
    return emit(reg_class, Allocation::in_register(scratch), to);
  }
  if (!busy.valid()) return emit(reg_class, from, to);  // the class has no registers, and there is no cycle
  const RegClass other = in_integer_registers(reg_class) ? RegClass::floating : RegClass::integer;
  const Allocation other_scratch = Allocation::in_register(scratch_of(other));
  const uint32_t words = registers_.spill_size[static_cast<unsigned>(reg_class)] / 8;
  for (uint32_t word = 0; word < words; ++word) {
    emit(other, Allocation::in_slot(from.slot() + word), other_scratch);
    emit(other, other_scratch, Allocation::in_slot(to.slot() + word));
  }
}

void ParallelMoves::emit_move(const Move& move) {
  if (move.definition.valid()) {
    const PReg scratch = scratch_of(move.reg_class);
    if (move.to.is_register() || !scratch.valid()) {
      out_.push_back({before_, move.reg_class, Allocation(), move.to, move.definition});
      return;
    }
    out_.push_back({before_, move.reg_class, Allocation(), Allocation::in_register(scratch), move.definition});
    return emit(move.reg_class, Allocation::in_register(scratch), move.to);
  }
  if (move.from.is_slot() && move.to.is_slot()) {
    transfer_memory(move.reg_class, move.from, move.to, PReg());
  } else {
    emit(move.reg_class, move.from, move.to);
  }
}

// Emits the move `first`, whose destination no remaining move reads, and then the moves that this makes possible.
void ParallelMoves::run_ready(uint32_t first) {
  ready_.push_back(first);
  while (!ready_.empty()) {
    const uint32_t index = ready_.back();
    ready_.pop_back();
    Move& move = moves_[index];
    move.done = true;
    emit_move(move);
    if (!move.from.valid()) continue;
    const uint32_t from = location(move.from);
    if (--readers_[from] == 0 && writer_[from] != kNone && !moves_[writer_[from]].done) ready_.push_back(writer_[from]);
  }
}

// Emits the moves of the cycle that begins with the move `first`. In a cycle, each location is read and written exactly
// once. The first move overwrites the value that the last move reads, so this value waits in the scratch register. The
// moves of a class without registers go from slot to slot, 8 bytes at a time.
void ParallelMoves::break_cycle(uint32_t first) {
  uint32_t last = first;
  while (writer_[location(moves_[last].from)] != first) last = writer_[location(moves_[last].from)];
  const bool in_words = !scratch_of(moves_[last].reg_class).valid();
  const RegClass kept_class = in_words ? RegClass::integer : moves_[last].reg_class;
  const PReg scratch = scratch_of(kept_class);
  const Allocation kept = Allocation::in_register(scratch);
  const uint32_t words = in_words ? registers_.spill_size[static_cast<unsigned>(moves_[last].reg_class)] / 8 : 1;
  for (uint32_t word = 0; word < words; ++word) {
    auto piece = [&](Allocation a) { return a.is_slot() ? Allocation::in_slot(a.slot() + word) : a; };
    emit(kept_class, piece(moves_[last].from), kept);
    for (uint32_t index = first;; index = writer_[location(moves_[index].from)]) {
      Move& move = moves_[index];
      const RegClass reg_class = in_words ? RegClass::integer : move.reg_class;
      move.done = true;
      if (index == last) {
        emit(kept_class, kept, piece(move.to));
        break;
      }
      if (move.from.is_slot() && move.to.is_slot()) {
        transfer_memory(reg_class, piece(move.from), piece(move.to), scratch);
      } else {
        emit(reg_class, move.from, move.to);
      }
    }
  }
}

void ParallelMoves::flush(MInst before) {
  before_ = before;
  if (moves_.size() == 1) {
    emit_move(moves_[0]);
    moves_.clear();
    return;
  }
  for (uint32_t i = 0; i < moves_.size(); ++i) {
    CAIRN_ASSERT(writer_[location(moves_[i].to)] == kNone);
    writer_[location(moves_[i].to)] = i;
    if (moves_[i].from.valid()) ++readers_[location(moves_[i].from)];
  }
  // A move can be emitted as soon as no remaining move reads its destination. Only cycles are left after this loop.
  for (uint32_t i = 0; i < moves_.size(); ++i)
    if (!moves_[i].done && readers_[location(moves_[i].to)] == 0) run_ready(i);
  for (uint32_t i = 0; i < moves_.size(); ++i)
    if (!moves_[i].done) break_cycle(i);
  for (const Move& move : moves_) {
    writer_[location(move.to)] = kNone;
    if (move.from.valid()) readers_[location(move.from)] = 0;
  }
  moves_.clear();
}

}  // namespace cairn::codegen

// Puts parallel moves into an order in which they can be done one after the other.
#pragma once

#include "compiler/codegen/machine_function.hpp"
#include "compiler/codegen/registers.hpp"

namespace cairn::codegen {

// Collects the moves of one place, and then writes them in order to `out`. They have the same effect as if all sources
// were read before any destination is written; destinations are distinct. A move from memory to memory goes through the
// scratch register of its class, and so does one value of each cycle. While the scratch register holds the value of a
// cycle, memory-to-memory moves go through another class's scratch register in pieces of 8 bytes. The target expands
// memory-to-memory moves of a class without registers.
class ParallelMoves {
 public:
  // `slot_count` is the size of the spill area in units of 8 bytes. `out` gets the moves.
  ParallelMoves(Arena& arena, const RegisterFile& registers, uint32_t slot_count, ArenaVector<InsertedMove>& out);

  // Adds a move of a value of the class.
  void add(RegClass reg_class, Allocation from, Allocation to);
  // Adds a repetition instead of a move: `definition`, an instruction that only defines one register, is repeated with
  // its result in `to`.
  void add_rematerialization(RegClass reg_class, MInst definition, Allocation to);
  // Writes the collected moves as moves in front of the instruction `before`, and forgets them.
  void flush(MInst before);

 private:
  struct Move {
    RegClass reg_class;
    Allocation from;  // invalid for a rematerialization
    Allocation to;
    MInst definition;  // the instruction to repeat, valid for a rematerialization
    bool done = false;
  };
  [[nodiscard]] static uint32_t location(Allocation a) {
    return a.is_register() ? a.reg().number() : PReg::kCount + a.slot();
  }
  [[nodiscard]] PReg scratch_of(RegClass reg_class) const {
    return registers_.scratch[static_cast<unsigned>(reg_class)];
  }
  void emit(RegClass reg_class, Allocation from, Allocation to);
  void emit_move(const Move& move);
  void transfer_memory(RegClass reg_class, Allocation from, Allocation to, PReg busy);
  void run_ready(uint32_t first);
  void break_cycle(uint32_t first);

  static constexpr uint32_t kNone = 0xffff'ffff;
  const RegisterFile& registers_;
  ArenaVector<InsertedMove>& out_;
  MInst before_;
  ScratchVector<Move> moves_;
  ScratchVector<uint32_t> ready_;
  // By location: the number of moves that read it, and the move that writes it. Between two calls of flush(), all
  // numbers are 0 and all writers kNone.
  ScratchVector<uint32_t> readers_;
  ScratchVector<uint32_t> writer_;
};

}  // namespace cairn::codegen

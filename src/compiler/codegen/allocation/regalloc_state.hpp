// The register allocator's state; for regalloc*.cpp only.
#pragma once

#include <array>
#include <span>

#include "compiler/codegen/allocation/live_ranges.hpp"
#include "compiler/codegen/allocation/regalloc.hpp"
#include "compiler/codegen/allocation/stack_maps.hpp"
#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen::regalloc {

inline constexpr uint32_t kNone = 0xffff'ffff;

// A virtual register as the walk sees it. "Memory" below means the spill slot or, for a rematerializable value,
// nothing.
struct ValueState {
  // At the point that the walk has reached:
  PReg reg;            // where it is; none: in memory, or dead
  bool clean = false;  // memory holds it as well
  // For good:
  bool needs_slot = false;
  MInst rematerialize;            // its definition, if that may be repeated
  uint32_t next_use = kNone;      // first use that the walk has not passed
  uint32_t range = 0;             // the live range that contains the point, or the next one
  uint32_t hoisted_loop = kNone;  // the loop at whose entry it has last been stored to its slot
  Point loop_use = 0;             // its first use in the loop whose header the walk passed last
  PReg entry_reg;                 // of a block parameter: where its block expects it
  // Hints
  uint32_t web = kNone;   // union-find: registers joined by block parameters
  PReg web_hint;          // at the web's root: the register that one of them was in last
  PReg fixed_hint;        // a fixed use wants it here,
  Point fixed_point = 0;  // at this point
  // Marks, valid if equal to the current number of their kind
  uint32_t group_stamp = kNone, group_index = 0;  // moved by the current instruction's moves
  uint32_t exit_stamp = kNone;                    // in a register at the end of the predecessor at hand
  PReg exit_reg;
  bool exit_clean = false;
  uint32_t item_stamp = kNone, item_index = 0;  // candidate at the current merge
};

// A value in a register at a block's begin or end.
struct Held {
  VReg value;
  PReg reg;
  bool clean = false;
};

struct HeldRange {
  uint32_t first = 0;
  uint32_t count = 0;
};

// A move before its slots are known. Without a register, the source is the memory of `from`, the target that of `to`.
struct RawMove {
  VReg from, to;
  PReg from_reg, to_reg;
  bool from_clean = false;  // the memory of `from` holds the value as well
  uint32_t next = kNone;    // in the same group
};

class Allocator {
 public:
  Allocator(const MachineFunction& function, const RegisterFile& registers, const AllocatorOptions& options);
  Result<AllocationResult> run();

 private:
  // --- regalloc.cpp: preparation, choice of registers
  void prepare_values();
  void prepare_events();
  uint32_t find_web(uint32_t value);
  [[nodiscard]] Point next_event(PReg reg, Point from);
  [[nodiscard]] std::span<const PReg> allocatable(RegClass reg_class) const {
    return allocatable_[static_cast<unsigned>(reg_class)];
  }
  [[nodiscard]] RegClass class_of(VReg value) const { return function_.vregs[value.index()]; }
  [[nodiscard]] bool has_registers(RegClass reg_class) const {
    return !registers_.allocatable[static_cast<unsigned>(reg_class)].empty();
  }
  ValueState& state(VReg value) { return values_[value.index()]; }
  // A free register for the value from `from` on, or none.
  PReg pick_free(VReg value, const PRegSet& forbidden, Point from, PReg wish = PReg());
  PReg pick_among(std::span<const PReg> candidates, VReg value, const PRegSet& forbidden, Point from, Point end);
  // An occupied register whose value is used latest, or none. `distance` receives how far away that is.
  PReg pick_victim(RegClass reg_class, const PRegSet& forbidden, uint64_t* distance);
  [[nodiscard]] uint64_t use_distance(VReg value);
  void seek(VReg value, Point point);
  [[nodiscard]] bool is_live_from(VReg value, Point point);  // at a block's begin
  [[nodiscard]] bool is_live_after(VReg value, uint32_t inst);
  [[nodiscard]] Point range_end(VReg value);
  [[nodiscard]] bool is_clean(VReg value);
  void occupy(VReg value, PReg reg);
  void release(VReg value);
  void remember(VReg value, PReg reg);  // as a hint for its web

  // --- regalloc_inst.cpp: one instruction
  struct GroupEntry {
    VReg value;
    PReg from;  // none: memory
    PReg to;    // none: it does not get a register
    bool from_clean = false;
  };
  struct Copy {
    VReg value;
    PReg from;  // none: memory
    PReg to;
  };
  void process_inst(uint32_t inst);
  void clear_conflicts(const PRegSet& fixed_early, const PRegSet& late_forbidden);
  void place_uses(std::span<const Operand> operands, std::span<Allocation> result, const PRegSet& fixed_early,
                  const PRegSet& late_forbidden);
  void place_use(const Operand& operand, Allocation& result, const PRegSet& fixed_early, const PRegSet& late_forbidden);
  void place_reused(const Operand& use, const Operand& def, Allocation& result, const PRegSet& fixed_early,
                    const PRegSet& late_forbidden);
  void place_defs(const MachineInst& inst, std::span<const Operand> operands, std::span<Allocation> result,
                  const PRegSet& late_forbidden);
  PReg take_register(VReg value, const PRegSet& forbidden, PReg wish);  // frees one if it must, before the instruction
  void set_home(VReg value, PReg reg);                                  // moves it in the current group
  void spill_early(VReg value);                                         // out of its register before the instruction
  void spill_late(VReg value);  // out of its register, which the instruction may still read
  void store(VReg value);
  [[nodiscard]] PReg source_of(VReg value);
  void note_safepoint();  // what registers hold behind the instruction's definitions
  void finish_group();
  void add_move(uint32_t before, const RawMove& move);

  // --- regalloc_blocks.cpp: block entries and edges
  struct Item {
    VReg value;
    bool is_param = false;
    bool clean = true;
    bool some_memory = false;
    PReg vote[3] = {};
    uint32_t weight[3] = {};
    uint32_t in_register = 0;  // weight of the predecessors that have it in a register
    uint32_t seen = 0;         // predecessors that have it in a register
    uint32_t loop_weight = 0;  // at a loop header: how much it is used in the loop
    uint64_t rank = 0;         // the lower, the more it is worth a register; kDropped: it gets none
    PReg reg = {};
  };
  static constexpr uint64_t kDropped = ~uint64_t{0};
  void begin_block(uint32_t block);
  void end_block(uint32_t block);
  void enter_from_one(uint32_t block, uint32_t predecessor);
  void enter_merge(uint32_t block);
  void gather_items(uint32_t block, uint32_t loop);
  void gather_params(uint32_t block, uint32_t loop);
  void gather_from_memory(uint32_t block, uint32_t loop);
  void limit_pressure(uint32_t loop);
  [[nodiscard]] uint32_t loop_weight(VReg value, uint32_t loop);
  void assign_items(uint32_t block, uint32_t loop);
  void vote(Item& item, PReg reg, uint32_t weight);
  void load_exit(uint32_t predecessor);
  void connect_edge(uint32_t predecessor, uint32_t block);
  [[nodiscard]] uint32_t loop_of_header(uint32_t block) const;

  // --- regalloc_finish.cpp
  Result<AllocationResult> finish();

  const MachineFunction& function_;
  const RegisterFile& registers_;
  Arena& arena_;
  LiveRanges live_;
  std::array<std::span<const PReg>, kRegClasses> allocatable_;

  ScratchVector<ValueState> values_;
  std::array<VReg, PReg::kCount> occupant_;
  PRegSet occupied_;  // those that have an occupant
  PRegSet used_callee_saved_;
  uint32_t block_ = 0;  // current
  uint32_t inst_ = 0;

  // Places where a register is overwritten or wanted for somebody else, outside of cold blocks; lists sorted by point.
  struct Event {
    Point point;
    uint32_t next;
  };
  static constexpr unsigned kClobberClasses = 8;
  ScratchVector<Event> events_;
  std::array<uint32_t, PReg::kCount> register_events_;
  std::array<PRegSet, kClobberClasses> clobber_classes_;
  std::array<uint32_t, kClobberClasses> clobber_events_;
  unsigned clobber_class_count_ = 0;

  // The current instruction's moves.
  ScratchVector<GroupEntry> group_;
  ScratchVector<Copy> copies_;
  ScratchVector<RawMove> stores_;
  PRegSet early_busy_, late_busy_, reuse_busy_;
  ScratchVector<uint8_t> reused_by_;  // by operand: 1 + the operand that reuses it

  ScratchVector<Held> held_;
  ScratchVector<HeldRange> exits_;    // by block
  ScratchVector<HeldRange> entries_;  // by block, loop headers only
  ScratchVector<Item> items_;
  ScratchVector<uint32_t> order_;
  std::array<uint32_t, kRegClasses> in_memory_{};  // at a loop header: values that live there without a register
  uint32_t exit_stamp_ = 0;
  uint32_t item_stamp_ = 0;

  SafepointState safepoints_;
  ArenaVector<Allocation> allocations_;
  ScratchVector<RawMove> moves_;
  ScratchVector<uint32_t> first_move_;  // by instruction
};

}  // namespace cairn::codegen::regalloc

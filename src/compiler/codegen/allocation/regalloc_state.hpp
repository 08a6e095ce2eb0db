// The state of the register allocator, which walks over the blocks once (regalloc.cpp describes the walk). Only
// regalloc*.cpp include this file.
#pragma once

#include <array>
#include <span>

#include "compiler/codegen/allocation/live_ranges.hpp"
#include "compiler/codegen/allocation/regalloc.hpp"
#include "compiler/codegen/allocation/stack_maps.hpp"
#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen::regalloc {

inline constexpr uint32_t kNone = 0xffff'ffff;

// A virtual register during the walk. "Memory" means the spill slot. A value that can be rematerialized has none, and
// counts as being in memory always.
struct ValueState {
  // The state at the current point of the walk:
  PReg reg;            // the value's register; none if it is in memory or dead
  bool clean = false;  // memory holds the value as well
  // Facts that hold across blocks, and the walk's progress through the value's uses and ranges:
  bool needs_slot = false;        // whether the value is in memory somewhere, so that it needs a slot
  MInst rematerialize;            // the definition, if it may be repeated
  uint32_t next_use = kNone;      // the first use that the walk has not passed
  uint32_t range = 0;             // the live range that contains the point, or the next one
  uint32_t hoisted_loop = kNone;  // the loop at whose entry the value was last stored to its slot
  Point loop_use = 0;             // the first use in the loop whose header the walk passed last
  PReg entry_reg;                 // for a block parameter: where its block expects it
  // Hints:
  uint32_t web = kNone;   // union-find parent; a web is a set of block parameters together with their arguments
  PReg web_hint;          // at the web's root: the last register of any of its members
  PReg fixed_hint;        // the register that the first fixed use wants
  Point fixed_point = 0;  // the point of this fixed use
  // Marks. They are valid while their stamp equals the current instruction (group_stamp), Allocator::exit_stamp_
  // or Allocator::item_stamp_:
  uint32_t group_stamp = kNone, group_index = 0;  // the value has the entry group_[group_index]
  uint32_t exit_stamp = kNone;  // the value is in exit_reg at the end of the predecessor given to load_exit()
  PReg exit_reg;                // valid with exit_stamp
  bool exit_clean = false;      // valid with exit_stamp: memory holds the value there as well
  uint32_t item_stamp = kNone, item_index = 0;  // the value has the entry items_[item_index] at the current merge
};

// A value in a register at a block's beginning or end.
struct Held {
  VReg value;
  PReg reg;
  bool clean = false;  // memory holds the value as well
};

// A range of Allocator::held_.
struct HeldRange {
  uint32_t first = 0;
  uint32_t count = 0;
};

// A move whose slots are not assigned yet. Without a source register, the source is the memory of `from`. Without a
// target register, the target is the memory of `to`.
struct RawMove {
  VReg from, to;
  PReg from_reg, to_reg;
  bool from_clean = false;  // the memory of `from` holds the value as well
  uint32_t next = kNone;    // the next move of the same group
};

class Allocator {
 public:
  Allocator(const MachineFunction& function, const RegisterFile& registers, const AllocatorOptions& options);
  Result<AllocationResult> run();

 private:
  // --- regalloc.cpp: preparation, choice of registers
  void prepare_values();
  void prepare_events();
  uint32_t find_web(uint32_t value);  // returns the root of the value's web
  [[nodiscard]] Point next_event(PReg reg, Point from);
  [[nodiscard]] std::span<const PReg> allocatable(RegClass reg_class) const {
    return allocatable_[static_cast<unsigned>(reg_class)];
  }
  [[nodiscard]] RegClass class_of(VReg value) const { return function_.vregs[value.index()]; }
  [[nodiscard]] bool has_registers(RegClass reg_class) const {
    return !registers_.allocatable[static_cast<unsigned>(reg_class)].empty();
  }
  ValueState& state(VReg value) { return values_[value.index()]; }
  // Returns a free register for the value from the point `from` on, or none. `wish` is preferred to other registers
  // that stay free equally long.
  PReg pick_free(VReg value, const PRegSet& forbidden, Point from, PReg wish = PReg());
  // Returns the free register among `candidates` that has no event for the longest time from `from` on, or none. `end`
  // is the end of the value's life; later events do not count.
  PReg pick_among(std::span<const PReg> candidates, const PRegSet& forbidden, Point from, Point end);
  // Returns the occupied register whose value is used latest, or none. `distance` receives the distance of that use.
  PReg pick_victim(RegClass reg_class, const PRegSet& forbidden, uint64_t* distance);
  [[nodiscard]] uint64_t use_distance(VReg value);
  void seek(VReg value, Point point);  // moves ValueState::range forward to the range at `point` or after it
  [[nodiscard]] bool is_live_from(VReg value, Point point);     // `point` is a block's beginning
  [[nodiscard]] bool is_live_after(VReg value, uint32_t inst);  // `inst` is the number of an instruction
  [[nodiscard]] Point range_end(VReg value);                    // the end of the live range at the current instruction
  [[nodiscard]] bool is_clean(VReg value);  // whether memory holds the value, or it can be rematerialized
  void occupy(VReg value, PReg reg);        // puts the value into a register, which must be free
  void release(VReg value);                 // frees the value's register, if it is in one
  void remember(VReg value, PReg reg);      // remembers the register as a hint for the value's web

  // --- regalloc_inst.cpp: one instruction
  // A move of the instruction's group: the moves in front of the instruction that happen in parallel.
  struct GroupEntry {
    VReg value;
    PReg from;  // none for memory
    PReg to;    // none if the value does not get a register
    bool from_clean = false;
  };
  // A move of the group that copies a value for an operand. The value itself stays where it is.
  struct Copy {
    VReg value;
    PReg from;  // none for memory
    PReg to;
  };
  void process_inst(uint32_t inst);
  // In these functions, `fixed_early` has the registers of fixed operands that hold values while uses are read, and
  // `late_forbidden` the registers that the instruction overwrites or needs for fixed operands while defs are written.
  // `result` has the allocations of all operands, parallel to `operands`.
  void clear_conflicts(const PRegSet& fixed_early, const PRegSet& late_forbidden);
  void place_uses(std::span<const Operand> operands, std::span<Allocation> result, const PRegSet& fixed_early,
                  const PRegSet& late_forbidden);
  void place_use(const Operand& operand, Allocation& result, const PRegSet& fixed_early, const PRegSet& late_forbidden);
  void place_reused(const Operand& use, const Operand& def, Allocation& result, const PRegSet& fixed_early,
                    const PRegSet& late_forbidden);
  void place_defs(const MachineInst& inst, std::span<const Operand> operands, std::span<Allocation> result,
                  const PRegSet& late_forbidden);
  // Returns a register for the value. If none is free, another value leaves its register in front of the instruction.
  PReg take_register(VReg value, const PRegSet& forbidden, PReg wish);
  // Moves the value to `reg` in front of the instruction, or only out of its register if `reg` is none.
  void set_home(VReg value, PReg reg);
  void spill_early(VReg value);  // takes the value out of its register in front of the instruction
  void spill_late(VReg value);   // takes the value out of its register, which the instruction may still read
  void store(VReg value);        // makes memory hold the value from this instruction on
  [[nodiscard]] PReg source_of(VReg value);  // the register in which the value is before the group; none for memory
  // Records the references that are in registers across the instruction, which is a safepoint. Values that can be
  // rematerialized are left out.
  void note_safepoint();
  void finish_group();  // adds the group's moves in front of the instruction
  // Adds a move in front of the instruction with the number `before`.
  void add_move(uint32_t before, const RawMove& move);

  // --- regalloc_blocks.cpp: block entries and edges
  // A value that may get a register at the beginning of a merge.
  struct Item {
    VReg value;
    bool is_param = false;     // the value is a parameter of the block
    bool clean = true;         // memory holds the value at the ends of all predecessors
    bool some_memory = false;  // the value is in no register at the end of some predecessor
    PReg vote[3] = {};         // up to three registers that predecessors have the value in, the best one first
    uint32_t weight[3] = {};   // weight of the predecessors for each vote
    uint32_t in_register = 0;  // weight of the predecessors that have the value in a register
    uint32_t seen = 0;         // number of predecessors that have the value in a register
    uint32_t loop_weight = 0;  // at a loop header: weight of the value's uses in the loop
    uint64_t rank = 0;         // items with lower ranks get registers first; items with kDropped get none
    PReg reg = {};
  };
  static constexpr uint64_t kDropped = ~uint64_t{0};
  // Blocks are given by their numbers. `loop` is the loop (an index in LiveRanges::loops) whose header the block is, or
  // kNone.
  void begin_block(uint32_t block);
  void end_block(uint32_t block);
  // enter_from_one() sets the state at the beginning of a block without parameters that has one predecessor, and
  // enter_merge() does it for the other blocks that have predecessors.
  void enter_from_one(uint32_t block, uint32_t predecessor);
  void enter_merge(uint32_t block);
  void gather_items(uint32_t block, uint32_t loop);
  void gather_params(uint32_t block, uint32_t loop);
  void gather_from_memory(uint32_t block, uint32_t loop);
  void limit_pressure(uint32_t loop);
  [[nodiscard]] uint32_t loop_weight(VReg value, uint32_t loop);
  void assign_items(uint32_t block, uint32_t loop);
  // Counts a predecessor with this weight that has the value in `reg`.
  void vote(Item& item, PReg reg, uint32_t weight);
  void load_exit(uint32_t predecessor);
  void connect_edge(uint32_t predecessor, uint32_t block);
  [[nodiscard]] uint32_t loop_of_header(uint32_t block) const;  // the loop whose header the block is, or kNone

  // --- regalloc_finish.cpp: assigns slots, orders the moves, and makes the result
  Result<AllocationResult> finish();

  const MachineFunction& function_;
  const RegisterFile& registers_;
  Arena& arena_;
  LiveRanges live_;
  std::array<std::span<const PReg>, kRegClasses> allocatable_;

  ScratchVector<ValueState> values_;
  std::array<VReg, PReg::kCount> occupant_;
  PRegSet occupied_;  // the registers that have an occupant
  PRegSet used_callee_saved_;
  uint32_t block_ = 0;  // the current block
  uint32_t inst_ = 0;   // the current instruction

  // Events are points where a register is overwritten, or wanted for a fixed operand, outside of cold blocks. The lists
  // are sorted by point. Each of the first kClobberClasses different clobber sets has a list that its registers share;
  // the events of other sets, and of fixed operands, are in the lists of the single registers.
  struct Event {
    Point point;
    uint32_t next;
  };
  static constexpr unsigned kClobberClasses = 8;
  ScratchVector<Event> events_;
  std::array<uint32_t, PReg::kCount> register_events_;  // by register: the first event of its list
  std::array<PRegSet, kClobberClasses> clobber_classes_;
  std::array<uint32_t, kClobberClasses> clobber_events_;  // by clobber class: the first event of its list
  unsigned clobber_class_count_ = 0;

  // The moves of the current instruction's group.
  ScratchVector<GroupEntry> group_;
  ScratchVector<Copy> copies_;
  ScratchVector<RawMove> stores_;
  // Registers of the current instruction's operands: while uses are read, while defs are written, and those that
  // definitions with Constraint::reuse take over.
  PRegSet early_busy_, late_busy_, reuse_busy_;
  ScratchVector<uint8_t> reused_by_;  // by operand: 1 + the operand that reuses its register

  ScratchVector<Held> held_;          // the values of exits_ and entries_
  ScratchVector<HeldRange> exits_;    // by block: the values in registers at its end
  ScratchVector<HeldRange> entries_;  // by merge: the values that it expects in registers, except its parameters
  ScratchVector<Item> items_;
  ScratchVector<uint32_t> order_;                  // indices into items_, sorted
  std::array<uint32_t, kRegClasses> in_memory_{};  // at a loop header: number of live values without a register
  uint32_t exit_stamp_ = 0;                        // number of the latest call of load_exit()
  uint32_t item_stamp_ = 0;                        // number of the latest merge

  SafepointState safepoints_;
  ArenaVector<Allocation> allocations_;
  ScratchVector<RawMove> moves_;
  ScratchVector<uint32_t> first_move_;  // by instruction: the first entry of its list in moves_, or kNone
};

}  // namespace cairn::codegen::regalloc

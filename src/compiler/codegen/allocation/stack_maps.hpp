// Stack maps: for each call, the slots of the references of the managed heap that live across it.
//
// A virtual register of the class `reference` is in no register while a call runs, since calls destroy all of that
// class. So where it lives across the call it is in its slot, or it is a constant that is made again afterwards. A
// safepoint that is no call destroys no register, so there it may be in a register, in its slot, or in both.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "compiler/codegen/allocation/live_ranges.hpp"
#include "compiler/codegen/emission/code_buffer.hpp"
#include "compiler/codegen/emission/frame.hpp"
#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

// How many slots all maps of a function may name together; maps with the same slots as the one before count once.
inline constexpr uint32_t kMaximumStackMapSlots = 4'000'000;

// What the allocator knows of the safepoints that are no calls.
struct SafepointState {
  // A reference that is in a register and lives on; with its slot also valid or not.
  struct Held {
    VReg value;
    PReg reg;
    bool is_in_slot = false;
  };
  struct Safepoint {
    MInst inst;
    uint32_t first = 0;  // range of `held`
    uint32_t count = 0;
  };
  // Stored to its slot in front of a loop, by a decision that came later in the walk: the slot is valid in all of the
  // loop.
  struct Hoist {
    VReg value;
    uint32_t first_block = 0, last_block = 0;
  };
  explicit SafepointState(Arena& arena) : safepoints(arena), held(arena), hoists(arena) {}
  ScratchVector<Safepoint> safepoints;  // in order
  ScratchVector<Held> held;
  ScratchVector<Hoist> hoists;
};

// Fills in result.stack_maps and result.map_slots. `slot_of` by virtual register: its slot, SpillSlots::kNone if it has
// none. Error (limit): more slots than kMaximumStackMapSlots.
Result<void> make_stack_maps(const MachineFunction& function, const LiveRanges& live, std::span<const uint32_t> slot_of,
                             SafepointState& state, AllocationResult& result);

// For emission. The offsets from the stack pointer of all slots that maps name, to CodeBuffer::stack_offsets, which is
// empty; of registers where the stub saves them.
void write_stack_offsets(const AllocationResult& allocation, const FrameLayout& frame, const RegisterFile& registers,
                         CodeBuffer& code);
// Adds the map of the call instruction `call` to its record.
void set_stack_map(const AllocationResult& allocation, MInst call, CallSite& site);

}  // namespace cairn::codegen

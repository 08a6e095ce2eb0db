// Stack maps give, for each call and each other safepoint, the places of the references into the managed heap that live
// across it.
//
// A virtual register of the class `reference` is in no register while a call runs, since calls destroy all registers of
// that class. If the value lives across a call, it is in its slot, or it is a constant that is made again afterwards. A
// safepoint that is not a call destroys no register, so a reference may be in a register there, in its slot, or in
// both.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "compiler/codegen/allocation/live_ranges.hpp"
#include "compiler/codegen/emission/code_buffer.hpp"
#include "compiler/codegen/emission/frame.hpp"
#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

// Limits the number of slots in all maps of a function. Maps with the same slots as the preceding one count once.
inline constexpr uint32_t kMaximumStackMapSlots = 4'000'000;

// The allocator's state at the safepoints that are not calls.
struct SafepointState {
  // A reference that lives on in a register. Its slot may hold it too.
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
  // A store of a reference to its slot in front of a loop. The allocator may add it after it has walked over safepoints
  // of the loop. The slot holds the reference in the whole loop.
  struct Hoist {
    VReg value;
    uint32_t first_block = 0, last_block = 0;
  };
  explicit SafepointState(Arena& arena) : safepoints(arena), held(arena), hoists(arena) {}
  ScratchVector<Safepoint> safepoints;  // sorted by `inst`
  ScratchVector<Held> held;
  ScratchVector<Hoist> hoists;
};

// Fills in result.stack_maps and result.map_slots. `slot_of` has the slot of each virtual register, or
// SpillSlots::kNone. Sorts state.hoists. Error (limit): the maps have more slots than kMaximumStackMapSlots, or the
// arena's budget is exhausted.
Result<void> make_stack_maps(const MachineFunction& function, const LiveRanges& live, std::span<const uint32_t> slot_of,
                             SafepointState& state, AllocationResult& result);

// Writes the offset from the stack pointer of each entry of map_slots to CodeBuffer::stack_offsets, which must be
// empty. The offset of a register is that of the place where the stub of a `keep` builtin saves it. Emission calls this
// function.
void write_stack_offsets(const AllocationResult& allocation, const FrameLayout& frame, const RegisterFile& registers,
                         CodeBuffer& code);
// Fills in the references of `site`, the record of the instruction `call`, from the instruction's stack map.
void set_stack_map(const AllocationResult& allocation, MInst call, CallSite& site);

}  // namespace cairn::codegen

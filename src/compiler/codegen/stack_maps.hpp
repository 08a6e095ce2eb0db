// Stack maps: for each call, the slots of the references of the managed heap that live across it.
//
// A virtual register of the class `reference` is in no register while a call runs, since calls destroy all of that class. So
// where it lives across the call it is in its slot, or it is a constant that is made again afterwards.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "compiler/codegen/code_buffer.hpp"
#include "compiler/codegen/frame.hpp"
#include "compiler/codegen/live_ranges.hpp"
#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

// How many slots all maps of a function may name together; maps with the same slots as the one before count once.
inline constexpr uint32_t kMaximumStackMapSlots = 4'000'000;

// Fills in result.stack_maps and result.map_slots. `slot_of` by virtual register: its slot, SpillSlots::kNone if it has none.
// Error (limit): more slots than kMaximumStackMapSlots.
Result<void> make_stack_maps(const MachineFunction& function, const LiveRanges& live, std::span<const uint32_t> slot_of,
                             AllocationResult& result);

// For emission. The offsets from the stack pointer of all slots that maps name, to CodeBuffer::stack_offsets, which is empty.
void write_stack_offsets(const AllocationResult& allocation, const FrameLayout& frame, CodeBuffer& code);
// Adds the map of the call instruction `call` to its record.
void set_stack_map(const AllocationResult& allocation, MInst call, CallSite& site);

}  // namespace cairn::codegen

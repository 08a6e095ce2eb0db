// Assigns stack slots to virtual registers that are spilled.
#pragma once

#include <span>

#include "compiler/codegen/allocation/live_ranges.hpp"
#include "compiler/codegen/machine_function.hpp"
#include "compiler/codegen/registers.hpp"

namespace cairn::codegen {

struct SpillSlots {
  std::span<uint32_t> slot_of;  // by virtual register; kNone if the register has no slot
  uint32_t count = 0;           // in units of 8 bytes
  static constexpr uint32_t kNone = 0xffff'ffff;
};

// Gives a slot to each virtual register for which `needs_slot`, indexed by virtual register, is 1. Registers share a
// slot only if they are never live at the same time. A block parameter and its arguments get the same slot if possible,
// so that nothing moves between them.
SpillSlots assign_spill_slots(const MachineFunction& function, const LiveRanges& live, const RegisterFile& registers,
                              std::span<const uint8_t> needs_slot);

}  // namespace cairn::codegen

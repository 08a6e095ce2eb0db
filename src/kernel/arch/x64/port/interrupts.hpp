// The local APIC's part in traps.
#pragma once

#include <cstdint>

namespace cairn::kernel {

inline constexpr uint8_t kTimerVector = 32;
inline constexpr uint8_t kSpuriousVector = 33;

namespace machine {
void end_of_interrupt();
}

}  // namespace cairn::kernel

// The 16-bit forms of 32-bit instructions ([riscv-unpriv 26], RV64C).
#pragma once

#include <cstdint>
#include <optional>

namespace cairn::rv64 {

// The 16-bit form of an instruction, if there is one.
std::optional<uint16_t> compress(uint32_t instruction);

}  // namespace cairn::rv64

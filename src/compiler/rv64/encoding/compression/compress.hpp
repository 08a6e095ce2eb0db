// Finds the 16-bit form of a 32-bit instruction ([riscv 26], RV64C).
#pragma once

#include <cstdint>
#include <optional>

namespace cairn::rv64 {

// Returns the 16-bit form of an instruction, if it has one. Branches and jal have none here, because the distance is
// not known yet; the assembler writes their short forms itself.
std::optional<uint16_t> compress(uint32_t instruction);

}  // namespace cairn::rv64

// The forms of 16 bits that instructions of 32 bits have ([riscv-unpriv 26], RV64C).
#pragma once

#include <cstdint>
#include <optional>

namespace cairn::rv64 {

// The form of 16 bits of an instruction, if it has one.
std::optional<uint16_t> compress(uint32_t instruction);

}  // namespace cairn::rv64

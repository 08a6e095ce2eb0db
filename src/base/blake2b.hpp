// BLAKE2b with 32 bytes of result and without a key ([rfc7693]): a name for bytes that nobody can give to other bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cairn {

using Digest = std::array<uint8_t, 32>;

Digest blake2b(std::span<const std::byte> bytes);

}  // namespace cairn

// BLAKE2b with a digest of 32 bytes and without a key ([rfc7693]). The digest can serve as a name of the bytes, because
// nobody can find other bytes with the same digest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cairn {

using Digest = std::array<uint8_t, 32>;

// Returns the digest of the bytes.
Digest blake2b(std::span<const std::byte> bytes);

}  // namespace cairn

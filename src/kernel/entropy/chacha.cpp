// ChaCha20 [rfc8439 2.3], and ChaChaGenerator (random.hpp), which uses it.
#include <algorithm>
#include <bit>
#include <cstring>

#include "kernel/entropy/random.hpp"

namespace cairn::kernel {

ChaChaGenerator::Block ChaChaGenerator::block(const std::array<uint32_t, 8>& key, uint32_t counter,
                                              const std::array<uint32_t, 3>& nonce) {
  const Block start = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0],  key[1],   key[2],   key[3],
                       key[4],     key[5],     key[6],     key[7],     counter, nonce[0], nonce[1], nonce[2]};
  Block x = start;
  auto quarter = [&](size_t a, size_t b, size_t c, size_t d) {
    x[a] += x[b], x[d] = std::rotl(x[d] ^ x[a], 16);
    x[c] += x[d], x[b] = std::rotl(x[b] ^ x[c], 12);
    x[a] += x[b], x[d] = std::rotl(x[d] ^ x[a], 8);
    x[c] += x[d], x[b] = std::rotl(x[b] ^ x[c], 7);
  };
  for (int round = 0; round < 10; ++round) {
    quarter(0, 4, 8, 12), quarter(1, 5, 9, 13), quarter(2, 6, 10, 14), quarter(3, 7, 11, 15);
    quarter(0, 5, 10, 15), quarter(1, 6, 11, 12), quarter(2, 7, 8, 13), quarter(3, 4, 9, 14);
  }
  for (size_t i = 0; i < 16; ++i) x[i] += start[i];
  return x;
}

void ChaChaGenerator::add(std::span<const std::byte> entropy) {
  do {
    std::array<uint32_t, 8> piece{};
    const size_t count = std::min(entropy.size(), sizeof piece);
    std::memcpy(piece.data(), entropy.data(), count);
    entropy = entropy.subspan(count);
    for (size_t i = 0; i < 8; ++i) key_[i] ^= piece[i];
    // The nonce separates this use from fill().
    const Block mixed = block(key_, 0, {1, static_cast<uint32_t>(count), 0});
    std::copy_n(mixed.begin(), 8, key_.begin());
  } while (!entropy.empty());
}

void ChaChaGenerator::fill(std::span<std::byte> out) {
  const std::array<uint32_t, 8> key = key_;
  const Block first = block(key, 0, {});
  std::copy_n(first.begin(), 8, key_.begin());
  for (uint32_t counter = 1; !out.empty(); ++counter) {
    const Block bytes = block(key, counter, {});
    const size_t count = std::min(out.size(), sizeof bytes);
    std::memcpy(out.data(), bytes.data(), count);
    out = out.subspan(count);
    // The counter does not wrap around: 32 bits are enough for 256 GiB, and no request is that long.
  }
}

}  // namespace cairn::kernel

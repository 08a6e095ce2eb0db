#include "base/blake2b.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cairn {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kBlockBytes = 128;
constexpr unsigned kRounds = 12;

// The initialization vector [rfc7693 2.6] and the message schedule [rfc7693 2.7].
constexpr std::array<uint64_t, 8> kInitial = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};
constexpr uint8_t kSchedule[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

// The compression function F [rfc7693 3.2]; `count` is the number of bytes up to the end of this block.
void compress(std::array<uint64_t, 8>& state, const std::byte* block, uint64_t count, bool is_last) {
  std::array<uint64_t, 16> m;
  std::memcpy(m.data(), block, sizeof m);
  std::array<uint64_t, 16> v;
  std::copy_n(state.begin(), 8, v.begin());
  std::copy_n(kInitial.begin(), 8, v.begin() + 8);
  v[12] ^= count;
  if (is_last) v[14] = ~v[14];
  const auto mix = [&](size_t a, size_t b, size_t c, size_t d, uint64_t x, uint64_t y) {
    v[a] += v[b] + x, v[d] = std::rotr(v[d] ^ v[a], 32);
    v[c] += v[d], v[b] = std::rotr(v[b] ^ v[c], 24);
    v[a] += v[b] + y, v[d] = std::rotr(v[d] ^ v[a], 16);
    v[c] += v[d], v[b] = std::rotr(v[b] ^ v[c], 63);
  };
  // The loop is not unrolled. The inputs are WebAssembly modules, most of which are short. In an emulated machine, code
  // that runs once costs time in proportion to its length.
#pragma clang loop unroll(disable)
  for (unsigned round = 0; round < kRounds; ++round) {
    const auto& s = kSchedule[round % 10];
    mix(0, 4, 8, 12, m[s[0]], m[s[1]]), mix(1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(2, 6, 10, 14, m[s[4]], m[s[5]]), mix(3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(0, 5, 10, 15, m[s[8]], m[s[9]]), mix(1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(2, 7, 8, 13, m[s[12]], m[s[13]]), mix(3, 4, 9, 14, m[s[14]], m[s[15]]);
  }
  for (size_t i = 0; i < 8; ++i) state[i] ^= v[i] ^ v[i + 8];
}

}  // namespace

Digest blake2b(std::span<const std::byte> bytes) {
  std::array<uint64_t, 8> state = kInitial;
  state[0] ^= 0x0101'0000 ^ sizeof(Digest);  // [rfc7693 2.5]: no key, no tree
  uint64_t count = 0;
  for (; bytes.size() > kBlockBytes; bytes = bytes.subspan(kBlockBytes)) {
    count += kBlockBytes;
    compress(state, bytes.data(), count, false);
  }
  std::array<std::byte, kBlockBytes> last{};
  if (!bytes.empty()) std::memcpy(last.data(), bytes.data(), bytes.size());
  compress(state, last.data(), count + bytes.size(), true);
  Digest digest;
  std::memcpy(digest.data(), state.data(), sizeof digest);
  return digest;
}

}  // namespace cairn

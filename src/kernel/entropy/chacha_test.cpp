#include <gtest/gtest.h>

#include <set>

#include "kernel/entropy/random.hpp"

namespace cairn::kernel {
namespace {

// The test vector of [rfc8439 2.3.2].
TEST(ChaCha, Block) {
  std::array<uint32_t, 8> key;
  for (uint32_t i = 0; i < 8; ++i) key[i] = (i * 4) | (i * 4 + 1) << 8 | (i * 4 + 2) << 16 | (i * 4 + 3) << 24;
  const auto block = ChaChaGenerator::block(key, 1, {0x09000000, 0x4a000000, 0});
  const ChaChaGenerator::Block expected = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
                                           0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                           0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
  EXPECT_EQ(block, expected);
}

TEST(ChaCha, NeverRepeats) {
  ChaChaGenerator generator;
  std::set<std::array<std::byte, 16>> seen;
  for (int i = 0; i < 1000; ++i) {
    std::array<std::byte, 16> bytes;
    generator.fill(bytes);
    EXPECT_TRUE(seen.insert(bytes).second);
    if (i % 100 == 0) generator.add(std::as_bytes(std::span(&i, 1)));
  }
}

TEST(ChaCha, EntropyMatters) {
  ChaChaGenerator a, b;
  const std::byte seed{1};
  b.add({&seed, 1});
  std::array<std::byte, 32> x, y;
  a.fill(x), b.fill(y);
  EXPECT_NE(x, y);
}

}  // namespace
}  // namespace cairn::kernel

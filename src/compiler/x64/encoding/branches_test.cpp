// Tests branches to labels at random distances.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "compiler/x64/encoding/assembler.hpp"

namespace cairn::x64 {
namespace {

// Branches over random distances, with alignment between them, have to reach their labels.
TEST(X64Assembler, BranchesReachTheirLabels) {
  for (unsigned seed = 1; seed < 200; ++seed) {
    Arena arena(size_t{1} << 30);
    CodeBuffer code(arena);
    Assembler as(code);
    uint32_t state = seed * 2654435761u;
    const auto random = [&](uint32_t n) {
      state = state * 1664525 + 1013904223;
      return (state >> 8) % n;
    };
    constexpr uint32_t kLabels = 40;
    std::vector<Label> labels;
    for (uint32_t i = 0; i < kLabels; ++i) labels.push_back(as.new_label());
    std::vector<uint32_t> branches;  // the label of each branch, in order
    for (uint32_t i = 0; i < kLabels; ++i) {
      if (random(4) == 0) as.align(random(2) == 0 ? 16 : 32);
      as.bind(labels[i]);
      code.emit8(0xf4);  // hlt marks the label
      for (uint32_t k = random(4); k > 0; --k) {
        branches.push_back(random(kLabels));
        if (random(2) == 0) {
          as.jmp(labels[branches.back()]);
        } else {
          as.jcc(Cc::e, labels[branches.back()]);
        }
        // The trap site marks the end of the branch, and has the number of the branch's label as its wasm_offset.
        code.traps.push_back({code.offset(), branches.back(), wasm::TrapKind::unreachable});
      }
      for (uint32_t k = random(random(3) == 0 ? 200 : 20); k > 0; --k) code.emit8(0x90);  // nop
    }
    as.finish();
    ASSERT_EQ(code.traps.size(), branches.size());
    for (const codegen::TrapSite& site : code.traps) {
      const auto byte = [&](uint32_t at) { return static_cast<uint8_t>(code.bytes[at]); };
      const uint32_t end = site.offset;
      const uint8_t two_back = byte(end - 2);
      int32_t distance = 0;
      // The bytes are read as a short branch. If that does not lead to the label, the branch must be a long one.
      bool found = false;
      if (two_back == 0xeb || two_back == 0x74) {  // jmp or je with a distance of 8 bits
        distance = static_cast<int8_t>(byte(end - 1));
        found = as.offset_of(labels[site.wasm_offset]) == end + static_cast<uint32_t>(distance);
      }
      if (!found) {
        std::memcpy(&distance, code.bytes.data() + end - 4, 4);
        // jmp or je with a distance of 32 bits
        EXPECT_TRUE(byte(end - 5) == 0xe9 || (byte(end - 6) == 0x0f && byte(end - 5) == 0x84));
        EXPECT_EQ(as.offset_of(labels[site.wasm_offset]), end + static_cast<uint32_t>(distance));
      }
      EXPECT_EQ(byte(as.offset_of(labels[site.wasm_offset])), 0xf4);
    }
  }
}

}  // namespace
}  // namespace cairn::x64

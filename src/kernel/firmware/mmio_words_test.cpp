#include "kernel/firmware/mmio_words.hpp"

#include <gtest/gtest.h>

namespace cairn::kernel {
namespace {

constexpr PhysAddr kDevice{0xfeb0'0e00};

TEST(MmioWords, NameTheLineOfADevice) {
  constexpr std::string_view kLine =
      "log=debug virtio_mmio.device=512@0xfeb00e00:12  virtio_mmio.device=512@0xfeb00c00:11";
  EXPECT_EQ(line_of_mmio_device(kLine, kDevice), 12);
  EXPECT_EQ(line_of_mmio_device(kLine, {0xfeb0'0c00}), 11);
  EXPECT_EQ(line_of_mmio_device(kLine, {0xfeb0'0000}), std::nullopt);
}

TEST(MmioWords, AreIgnoredIfTheyAreMalformed) {
  for (const std::string_view line :
       {"", " ", "virtio_mmio.device=", "virtio_mmio.device=512", "virtio_mmio.device=512@0xfeb00e00",
        "virtio_mmio.device=512@0xfeb00e00:", "virtio_mmio.device=512@0xfeb00e00:x",
        "virtio_mmio.device=512@0xfeb00e00:12x", "virtio_mmio.device=@0xfeb00e00:12",
        "virtio_mmio.device=512@0xfeb00e00:99999999999", "virtio_mmio.device=512@0x:12", "xvirtio_mmio.device=1@2:3"}) {
    EXPECT_EQ(line_of_mmio_device(line, kDevice), std::nullopt) << line;
  }
}

TEST(MmioWords, AreReadAfterAMalformedOne) {
  EXPECT_EQ(line_of_mmio_device("virtio_mmio.device=512@0xfeb00e00 virtio_mmio.device=512@0xfeb00e00:7", kDevice), 7);
}

}  // namespace
}  // namespace cairn::kernel

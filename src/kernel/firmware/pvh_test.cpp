#include "kernel/firmware/pvh.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

namespace cairn::kernel {
namespace {

constexpr uint64_t kStart = 64, kMap = 256, kModules = 512, kText = 1024, kBundle = 6000;

// The first 8 KiB of a machine's memory.
class FirstMemory {
 public:
  FirstMemory() : bytes_(8192) {
    put<uint32_t>(kStart, 0x336ec578);
    put<uint32_t>(kStart + 4, 1);
    put<uint32_t>(kStart + 12, 1);
    put<uint64_t>(kStart + 16, kModules);
    put<uint64_t>(kStart + 24, kText);
    put<uint64_t>(kStart + 32, 0xe0000);
    put<uint64_t>(kStart + 40, kMap);
    put<uint32_t>(kStart + 48, 2);
    entry(0, 0, 16 << 20, 1);
    entry(1, 1 << 20, 1 << 20, 2);
    put<uint64_t>(kModules, kBundle);
    put<uint64_t>(kModules + 8, 100);
    std::memcpy(bytes_.data() + kText, "log=debug", 9);
  }
  void entry(uint64_t index, uint64_t address, uint64_t size, uint32_t type) {
    put<uint64_t>(kMap + index * 24, address);
    put<uint64_t>(kMap + index * 24 + 8, size);
    put<uint32_t>(kMap + index * 24 + 16, type);
  }
  template <class T>
  void put(uint64_t at, T value) {
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

TEST(Pvh, IsRead) {
  FirstMemory memory;
  BootInfo info;
  ASSERT_TRUE(read_pvh(memory.bytes(), kStart, info));
  EXPECT_EQ(info.command_line, "log=debug");
  EXPECT_EQ(info.bundle.start.value, kBundle);
  EXPECT_EQ(info.bundle.size, 100u);
  EXPECT_EQ(info.acpi_root.value, 0xe0000u);
  EXPECT_EQ(info.ram.total_bytes(), uint64_t{16} << 20);
  // All RAM except the second megabyte and the two pages in which the firmware's data and the bundle lie.
  EXPECT_EQ(info.memory.total_bytes(), (uint64_t{15} << 20) - 2 * kPageSize);
}

TEST(Pvh, RefusesWhatIsNone) {
  FirstMemory memory;
  BootInfo info;
  EXPECT_FALSE(read_pvh(memory.bytes(), 0, info));
  EXPECT_FALSE(read_pvh(memory.bytes(), kStart + 1, info));
  EXPECT_FALSE(read_pvh(memory.bytes(), 8192 - 55, info));
  EXPECT_FALSE(read_pvh(memory.bytes(), ~uint64_t{0}, info));
  memory.put<uint32_t>(kStart + 4, 0);  // a version without a memory map
  EXPECT_FALSE(read_pvh(memory.bytes(), kStart, info));
}

TEST(Pvh, WhatReachesOutIsAbsent) {
  FirstMemory memory;
  memory.put<uint32_t>(kStart + 48, 0xffff'ffff);  // the number of entries of the memory map
  memory.put<uint64_t>(kStart + 24, 8192 - 4095);  // the command line
  memory.put<uint64_t>(kModules + 8, 8192 - kBundle + 1);
  BootInfo info;
  ASSERT_TRUE(read_pvh(memory.bytes(), kStart, info));
  EXPECT_EQ(info.ram.total_bytes(), 0u);
  EXPECT_TRUE(info.command_line.empty());
  EXPECT_EQ(info.bundle.size, 0u);
}

TEST(Pvh, SurvivesDamage) {
  std::mt19937 random(1);
  for (int round = 0; round < 5000; ++round) {
    FirstMemory memory;
    for (unsigned i = 0; i <= random() % 6; ++i) memory.bytes()[random() % 600] = static_cast<std::byte>(random());
    BootInfo info;
    (void)read_pvh(memory.bytes(), kStart, info);
  }
}

}  // namespace
}  // namespace cairn::kernel

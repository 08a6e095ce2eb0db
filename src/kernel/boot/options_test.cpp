#include "kernel/boot/options.hpp"

#include <gtest/gtest.h>

namespace cairn::kernel {
namespace {

using enum BootMistake::Kind;

constexpr BootOption kFurther[] = {{"test", "all", [](std::string_view value) { return value == "all"; }}};

void expect_mistake(std::string_view line, BootMistake::Kind kind, std::string_view word) {
  const auto mistake = find_mistake(line, kFurther);
  ASSERT_TRUE(mistake) << line;
  EXPECT_EQ(mistake->kind, kind) << line;
  EXPECT_EQ(mistake->word, word) << line;
  EXPECT_EQ(mistake->option == nullptr, kind == unknown) << line;
}

TEST(BootOptions, RightCommandLines) {
  for (const std::string_view line :
       {"", " ", "log=debug", "log=trace,memory=off paging=sv39  cpus=4 backtrace=short test=all",
        "virtio_mmio.device=512@0xfeb00e00:12 virtio_mmio.device=512@0xfeb00c00:11"}) {
    EXPECT_FALSE(find_mistake(line, kFurther)) << line;
  }
}

TEST(BootOptions, TheFirstMistakeIsNamed) {
  expect_mistake("log=debug colour=red", unknown, "colour=red");
  expect_mistake("quiet", unknown, "quiet");
  expect_mistake("=1", unknown, "=1");
  expect_mistake("Log=debug", unknown, "Log=debug");
  expect_mistake("logs=debug", unknown, "logs=debug");
  expect_mistake("log", wrong_value, "log");
  expect_mistake("log=", wrong_value, "log=");
  expect_mistake("log=loud x=y", wrong_value, "log=loud");
  expect_mistake("cpus=0", wrong_value, "cpus=0");
  expect_mistake("cpus=-1", wrong_value, "cpus=-1");
  expect_mistake("cpus=4x", wrong_value, "cpus=4x");
  expect_mistake("cpus=99999999999999999999", wrong_value, "cpus=99999999999999999999");
  expect_mistake("paging=sv32", wrong_value, "paging=sv32");
  expect_mistake("backtrace=long", wrong_value, "backtrace=long");
  expect_mistake("test=none", wrong_value, "test=none");
  expect_mistake("cpus=1 cpus=2", repeated, "cpus=1");
}

TEST(BootOptions, OptionsOfTestsAreUnknownElsewhere) {
  const auto mistake = find_mistake("test=all", {});
  ASSERT_TRUE(mistake);
  EXPECT_EQ(mistake->kind, unknown);
}

TEST(BootOptions, Values) {
  EXPECT_EQ(boot_option("log=debug cpus=4", "cpus"), "4");
  EXPECT_EQ(boot_option("xcpus=3 cpus cpus=4", "cpus"), "4");
  EXPECT_EQ(boot_option("cpus=", "cpus"), "");
  EXPECT_EQ(boot_option("", "cpus"), "");
  EXPECT_EQ(boot_option("a=b=c", "a"), "b=c");
}

}  // namespace
}  // namespace cairn::kernel

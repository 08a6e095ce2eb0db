#include "kernel/log/levels.hpp"

#include <gtest/gtest.h>

namespace cairn::kernel {
namespace {

TEST(LogLevels, BeginWithInfo) {
  const LogLevels levels;
  EXPECT_TRUE(levels.admit(Subsystem::memory, LogLevel::info));
  EXPECT_FALSE(levels.admit(Subsystem::memory, LogLevel::debug));
}

TEST(LogLevels, ALevelSetsAllParts) {
  LogLevels levels;
  EXPECT_FALSE(levels.set("trace"));
  for (size_t i = 0; i < kSubsystems; ++i) EXPECT_EQ(levels[static_cast<Subsystem>(i)], LogLevel::trace);
}

TEST(LogLevels, LaterWordsTakePrecedence) {
  LogLevels levels;
  EXPECT_FALSE(levels.set("trace,memory=off"));
  EXPECT_FALSE(levels.admit(Subsystem::memory, LogLevel::error));
  EXPECT_TRUE(levels.admit(Subsystem::program, LogLevel::trace));
  EXPECT_FALSE(levels.set("memory=debug,warning"));
  EXPECT_EQ(levels[Subsystem::memory], LogLevel::warning);
}

TEST(LogLevels, WrongWordsChangeNothing) {
  LogLevels levels;
  EXPECT_EQ(levels.set("loud"), "loud");
  EXPECT_EQ(levels.set("debug,memroy=off"), "memroy=off");
  EXPECT_EQ(levels.set("memory=of,debug"), "memory=of");
  EXPECT_EQ(levels.set("memory="), "memory=");
  EXPECT_EQ(levels.set("=debug"), "=debug");
  EXPECT_EQ(levels.set("debug,"), "");
  EXPECT_EQ(levels.set(",debug"), "");
  EXPECT_EQ(levels.set(""), "");
  for (size_t i = 0; i < kSubsystems; ++i) EXPECT_EQ(levels[static_cast<Subsystem>(i)], LogLevel::info);
}

TEST(LogLevels, NamesAreReadAsTheyAreWritten) {
  for (size_t i = 0; i < kSubsystems; ++i)
    EXPECT_EQ(parse_subsystem(to_string(static_cast<Subsystem>(i))), static_cast<Subsystem>(i));
  for (uint8_t i = 0; i <= static_cast<uint8_t>(LogLevel::trace); ++i)
    EXPECT_EQ(parse_log_level(to_string(static_cast<LogLevel>(i))), static_cast<LogLevel>(i));
}

}  // namespace
}  // namespace cairn::kernel

// Tests the encoding of the boot bundle: BootConfig, ProgramConfig and cpio archives.
#include "base/boot_protocol.hpp"

#include <gtest/gtest.h>

#include "base/cpio.hpp"
#include "base/program_config.hpp"

namespace cairn {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(BootConfig, SurvivesTheJourney) {
  BootConfig config;
  config.mode = BootMode::wast;
  config.main = 3;
  config.marks_output = true;
  config.limit_nanoseconds = 60'000'000'000;
  config.terminal[0] = config.terminal[2] = true;
  config.bounds = BoundsMode::check;
  config.disabled_features = {"simd"};
  config.engine_options = {"opt=none"};
  config.report_times = true;
  config.wall_clock_nanoseconds = 1'700'000'000'000'000'000;
  const Result<BootConfig> read = BootConfig::parse(bytes_of(config.encode()));
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  EXPECT_EQ(*read, config);
  EXPECT_EQ(*BootConfig::parse(bytes_of(BootConfig().encode())), BootConfig());
}

TEST(ProgramConfig, SurvivesTheJourney) {
  ProgramConfig config;
  config.name = "web";
  config.module = 7;
  config.arguments = {"program", "", "a=b", "two words\n"};
  config.environment = {"HOME=/", "EMPTY="};
  config.preopens = {{"/", "/0"}, {"a=b", "/1"}};
  config.standard_files = "/0";
  config.invoke = "add";
  config.trap_unknown_imports = true;
  config.has_input = true;
  config.allows_system = true;
  for (const LimitKind& kind : kLimitKinds) config.limits.set(kind.limit, kind.most);
  config.minimum_memory = 5000;
  config.weight = ProgramConfig::kMaximumWeight;
  config.restart = Restart::on_failure;
  const Result<ProgramConfig> read = ProgramConfig::parse(bytes_of(config.encode()));
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  EXPECT_EQ(*read, config);
  EXPECT_EQ(*ProgramConfig::parse(bytes_of(ProgramConfig().encode())), ProgramConfig());
}

TEST(BootConfig, RefusesWhatItDoesNotKnow) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(BootConfig::parse(bytes_of("mode=run"sv)).has_value());
  EXPECT_FALSE(BootConfig::parse(bytes_of("mode\0"sv)).has_value());
  for (const std::string_view wrong :
       {"color=red\0"sv, "mode=fly\0"sv, "terminal=3\0"sv, "wall_clock=1x\0"sv, "main=4294967296\0"sv, "marks=0\0"sv}) {
    EXPECT_FALSE(BootConfig::parse(bytes_of(wrong)).has_value()) << wrong;
  }
}

TEST(ProgramConfig, RefusesWhatItDoesNotKnow) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(ProgramConfig::parse(bytes_of("arg=x"sv)).has_value());
  for (const std::string_view wrong :
       {"color=red\0"sv, "path=/0\0"sv, "unknown_imports=zero\0"sv, "input=yes\0"sv, "allow=all\0"sv, "weight=0\0"sv,
        "weight=1001\0"sv, "restart=often\0"sv, "module=-1\0"sv, "module=4294967296\0"sv, "limit=\0"sv,
        "limit=fibers\0"sv, "limit=fibers=0\0"sv, "limit=fibers=1025\0"sv, "limit=colors=1\0"sv}) {
    EXPECT_FALSE(ProgramConfig::parse(bytes_of(wrong)).has_value()) << wrong;
  }
}

TEST(Cpio, ReadsWhatItWrites) {
  CpioWriter writer;
  writer.add({.kind = CpioKind::directory, .name = "root", .data = {}});
  writer.add({.kind = CpioKind::file, .name = "root/odd", .data = bytes_of("12345"), .modified_seconds = 77});
  writer.add({.kind = CpioKind::symlink, .name = "root/link", .data = bytes_of("odd")});
  const std::string archive = writer.finish();
  CpioReader reader(bytes_of(archive));
  CpioEntry entry;
  ASSERT_TRUE(reader.next(entry).value_or(false));
  EXPECT_EQ(entry.name, "root");
  EXPECT_EQ(entry.kind, CpioKind::directory);
  ASSERT_TRUE(reader.next(entry).value_or(false));
  EXPECT_EQ(entry.name, "root/odd");
  EXPECT_EQ(text_of(entry.data), "12345");
  EXPECT_EQ(entry.modified_seconds, 77u);
  ASSERT_TRUE(reader.next(entry).value_or(false));
  EXPECT_EQ(entry.kind, CpioKind::symlink);
  EXPECT_EQ(text_of(entry.data), "odd");
  EXPECT_FALSE(reader.next(entry).value_or(true));
}

TEST(Cpio, RefusesEveryTruncation) {
  CpioWriter writer;
  writer.add({.kind = CpioKind::file, .name = "file", .data = bytes_of("contents")});
  const std::string archive = writer.finish();
  for (size_t length = 0; length < archive.size(); ++length) {
    CpioReader reader(bytes_of(std::string_view(archive).substr(0, length)));
    CpioEntry entry;
    Result<bool> more = true;
    while (more.has_value() && *more) more = reader.next(entry);
    // The padding after the trailer's name may be missing; nothing else may.
    if (length + 3 < archive.size()) {
      EXPECT_FALSE(more.has_value()) << length;
    }
  }
}

}  // namespace
}  // namespace cairn

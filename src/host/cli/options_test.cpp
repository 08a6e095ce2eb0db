#include "host/cli/options.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace cairn::cli {
namespace {

Result<Options> parse(std::initializer_list<const char*> words) {
  std::vector<char*> arguments;
  for (const char* word : words) arguments.push_back(const_cast<char*>(word));
  return parse_options(arguments);
}

TEST(Options, RunTakesItsOptionsBeforeTheProgram) {
  const auto options = parse({"run", "--target", "riscv64", "--cpus=4", "--memory", "2G", "--env", "A=b=c", "--dir",
                              "/tmp::/data", "--time", "p.wasm", "--time", "-x", "--"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ(options->target, Target::riscv64);
  EXPECT_EQ(options->machine, Machine::virt);
  EXPECT_EQ(options->cpus, 4u);
  EXPECT_EQ(options->memory_bytes, uint64_t{2} << 30);
  EXPECT_EQ(options->environment, std::vector<std::string>{"A=b=c"});
  ASSERT_EQ(options->directories.size(), 1u);
  EXPECT_EQ(options->directories[0].host, "/tmp");
  EXPECT_EQ(options->directories[0].guest, "/data");
  EXPECT_TRUE(options->report_times);
  EXPECT_EQ(options->operands, (std::vector<std::string>{"p.wasm", "--time", "-x", "--"}));
}

TEST(Options, DefaultsAreTheSmallMachine) {
  const auto options = parse({"run", "p.wasm"});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->target, Target::x86_64);
  EXPECT_EQ(options->machine, Machine::microvm);
  EXPECT_EQ(options->memory_bytes, uint64_t{1} << 30);
}

TEST(Options, FeaturesAreKnownByName) {
  const auto options = parse({"run", "--disable", "simd,threads", "p.wasm"});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->disabled_features, (std::vector<std::string>{"simd", "threads"}));
  EXPECT_FALSE(parse({"run", "--disable", "smid", "p.wasm"}).has_value());
}

TEST(Options, WrongUsageIsOneLine) {
  const std::initializer_list<std::initializer_list<const char*>> wrong = {
      {},
      {"walk"},
      {"run"},
      {"run", "--target"},
      {"run", "--target", "mips", "p"},
      {"run", "--cpus", "0", "p"},
      {"run", "--cpus", "9999", "p"},
      {"run", "--memory", "1T", "p"},
      {"run", "--memory", "0", "p"},
      {"run", "--memory", "15M", "p"},
      {"run", "--memory", "1025G", "p"},
      {"run", "--memory", "18446744073709551616", "p"},
      {"run", "--memory", "18446744073709551615G", "p"},
      {"run", "--accel", "hvf", "p"},
      {"run", "--target", "host", "--accel", "kvm", "p"},
      {"run", "--unknown-imports", "zero", "p"},
      {"run", "--invoke", "", "p"},
      {"run", "--root", "disk", "p"},
      {"wast", "--limit", "0", "p"},
      {"run", "--memory", "", "p"},
      {"run", "--memory", "-5", "p"},
      {"run", "--env", "=x", "p"},
      {"run", "--env", "x", "p"},
      {"run", "--dir", "::/a", "p"},
      {"run", "--time=yes", "p"},
      {"run", "--target", "host", "--machine", "q35", "p"},
      {"run", "--paging", "sv39", "p"},
      {"boot", "p"},
      {"compile", "a", "b"},
      {"compile", "--env", "A=b", "a"},
  };
  for (const auto& words : wrong) {
    const auto options = parse(words);
    ASSERT_FALSE(options.has_value()) << (words.size() > 0 ? *words.begin() : "");
    EXPECT_EQ(options.error().kind, ErrorKind::usage);
    EXPECT_EQ(options.error().message.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace cairn::cli

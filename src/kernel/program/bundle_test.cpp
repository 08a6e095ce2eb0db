#include "kernel/program/bundle.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cairn::kernel {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

struct Member {
  std::string name;
  std::string data;
};

std::string archive_of(const std::vector<Member>& members) {
  CpioWriter writer;
  for (const auto& [name, data] : members) {
    const CpioKind kind = data.empty() ? CpioKind::directory : CpioKind::file;
    writer.add({.kind = kind, .name = name, .data = bytes_of(data)});
  }
  return writer.finish();
}

std::vector<Member> example() {
  BootConfig config;
  config.main = 1;
  ProgramConfig first, second;
  first.arguments = {"a", "b"};
  second.module = 1;
  return {{"config", config.encode()},
          {"module/0", "wasm"},
          {"module/1", "other"},
          {"program/0/config", first.encode()},
          {"program/0/root", ""},
          {"program/0/root/d", ""},
          {"program/0/root/d/f", "text"},
          {"program/0/rooted", "no"},
          {"program/1/config", second.encode()},
          {"program/1/root/g", "more"},
          {"rooted", "no"}};
}

TEST(Bundle, IsTakenApart) {
  const std::string archive = archive_of(example());
  const Result<Bundle> bundle = read_bundle(bytes_of(archive));
  ASSERT_TRUE(bundle.has_value()) << bundle.error().to_string();
  EXPECT_EQ(bundle->config.main, 1u);
  ASSERT_EQ(bundle->modules.size(), 2u);
  EXPECT_EQ(bundle->modules[1].size(), 5u);
  ASSERT_EQ(bundle->programs.size(), 2u);
  EXPECT_EQ(bundle->programs[0].config.arguments.size(), 2u);
  ASSERT_EQ(bundle->programs[0].files.size(), 2u);
  EXPECT_EQ(bundle->programs[0].files[1].name, "d/f");
  EXPECT_EQ(bundle->programs[1].config.module, 1u);
  ASSERT_EQ(bundle->programs[1].files.size(), 1u);
  EXPECT_EQ(bundle->programs[1].files[0].name, "g");
  EXPECT_TRUE(bundle->files.empty());
}

TEST(Bundle, HasFilesWithoutPrograms) {
  BootConfig config;
  config.mode = BootMode::wast;
  const std::string archive = archive_of({{"config", config.encode()}, {"root/a.wast", "(module)"}});
  const Result<Bundle> bundle = read_bundle(bytes_of(archive));
  ASSERT_TRUE(bundle.has_value()) << bundle.error().to_string();
  ASSERT_EQ(bundle->files.size(), 1u);
  EXPECT_EQ(bundle->files[0].name, "a.wast");
}

std::string refusal(const std::vector<Member>& members) {
  const std::string archive = archive_of(members);
  const Result<Bundle> bundle = read_bundle(bytes_of(archive));
  return bundle ? "accepted" : bundle.error().message;
}

TEST(Bundle, RefusesWhatIsNone) {
  EXPECT_FALSE(read_bundle({}).has_value());
  EXPECT_FALSE(read_bundle(bytes_of("#!/bin/sh")).has_value());
  EXPECT_EQ(refusal({{"other", "x"}}), "the boot bundle holds no configuration");
  EXPECT_EQ(refusal({{"config", BootConfig().encode()}}), "the boot bundle holds no program");
}

TEST(Bundle, RefusesNumbersThatNameNothing) {
  const auto without = [](const std::string& name) {
    std::vector<Member> members = example();
    std::erase_if(members, [&](const Member& member) { return member.name == name; });
    return refusal(members);
  };
  EXPECT_EQ(without("module/0"), "the boot bundle's modules are not in order");
  EXPECT_EQ(without("module/1"), "a program of the boot bundle has a module that is not there");
  EXPECT_EQ(without("program/0/config"), "a file of the boot bundle is in front of its program's configuration");
  std::vector<Member> members = example();
  BootConfig config;
  config.main = 2;
  members[0].data = config.encode();
  EXPECT_EQ(refusal(members), "the boot bundle's main program is not there");
  members = example();
  members[3].name = "program/1/config";
  EXPECT_EQ(refusal(members), "the boot bundle's programs are not in order");
  members = example();
  members[1].name = "module/0x";
  EXPECT_EQ(refusal(members), "the boot bundle's modules are not in order");
}

TEST(Bundle, SurvivesDamage) {
  const std::string good = archive_of(example());
  std::mt19937 random(1);
  for (int round = 0; round < 5000; ++round) {
    std::string archive = good;
    for (unsigned i = 0; i <= random() % 4; ++i) archive[random() % archive.size()] = static_cast<char>(random());
    (void)read_bundle(bytes_of(archive));
  }
}

}  // namespace
}  // namespace cairn::kernel

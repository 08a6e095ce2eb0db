#include "kernel/program/bundle.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cairn::kernel {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string example() {
  BootConfig config;
  config.arguments = {"a", "b"};
  const std::string encoded = config.encode();
  CpioWriter writer;
  writer.add({.name = bundle_member::kConfig, .data = bytes_of(encoded)});
  writer.add({.name = bundle_member::kProgram, .data = bytes_of("wasm")});
  writer.add({.kind = CpioKind::directory, .name = "root", .data = {}});
  writer.add({.kind = CpioKind::directory, .name = "root/d", .data = {}});
  writer.add({.name = "root/d/f", .data = bytes_of("text")});
  writer.add({.name = "rooted", .data = bytes_of("no")});
  return writer.finish();
}

TEST(Bundle, IsTakenApart) {
  const std::string archive = example();
  const Result<Bundle> bundle = read_bundle(bytes_of(archive));
  ASSERT_TRUE(bundle.has_value()) << bundle.error().to_string();
  EXPECT_EQ(bundle->config.arguments.size(), 2u);
  EXPECT_EQ(bundle->program.size(), 4u);
  ASSERT_EQ(bundle->files.size(), 2u);
  EXPECT_EQ(bundle->files[1].name, "d/f");
}

TEST(Bundle, RefusesWhatIsNone) {
  EXPECT_FALSE(read_bundle({}).has_value());
  EXPECT_FALSE(read_bundle(bytes_of("#!/bin/sh")).has_value());
  CpioWriter writer;
  writer.add({.name = "other", .data = {}});
  const std::string archive = writer.finish();
  EXPECT_FALSE(read_bundle(bytes_of(archive)).has_value());
}

TEST(Bundle, SurvivesDamage) {
  const std::string good = example();
  std::mt19937 random(1);
  for (int round = 0; round < 5000; ++round) {
    std::string archive = good;
    for (unsigned i = 0; i <= random() % 4; ++i) archive[random() % archive.size()] = static_cast<char>(random());
    (void)read_bundle(bytes_of(archive));
  }
}

}  // namespace
}  // namespace cairn::kernel

// Tests that object_reader reads what elf_writer has written, and refuses broken files.
#include "compiler/codegen/object/elf.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "compiler/codegen/object/elf_writer.hpp"
#include "compiler/codegen/object/object_reader.hpp"

namespace cairn::codegen {
namespace {

using compiler::Architecture;

uint32_t word_at(std::span<const std::byte> bytes, size_t at) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, 4);
  return value;
}

// Makes an object of two functions and a trampoline record. The second function calls the first, refers to a type and a
// constant, and has a jump table of one entry. The first function has two traps, whose records are not in order.
std::vector<std::byte> sample(Architecture architecture) {
  Arena arena(1 << 20);
  ElfWriter writer(architecture, identity_of(ObjectKind::module, {}, {}));
  CodeBuffer first(arena);
  for (int i = 0; i < 5; ++i) first.emit32(0x90909090);
  first.frame_bytes = 24;
  first.frame_begin = 4;
  first.body_begin = 8;
  first.traps.push_back({16, 100, wasm::TrapKind::unreachable});
  first.traps.push_back({12, 90, wasm::TrapKind::unreachable});
  writer.add(3, "first", first);

  CodeBuffer second(arena);
  second.emit32(0);
  second.relocations.push_back(
      {RelocationKind::call, second.offset(), 3, architecture == Architecture::x86_64 ? -4 : 0});
  second.emit64(0);
  second.relocations.push_back({RelocationKind::type_id, second.offset(), 7, 0});
  second.emit64(0);
  constexpr std::byte kConstant[8] = {std::byte{1}, std::byte{2}};
  const uint32_t constant = second.add_constant(kConstant);
  EXPECT_EQ(second.add_constant(kConstant), constant);
  second.relocations.push_back({RelocationKind::rodata, second.offset(), constant, 0});
  second.emit64(0);
  second.rodata.append(std::span<const std::byte>(kConstant).first(4));
  second.relocations.push_back({RelocationKind::code_address, 8, 4, 0});
  second.calls.push_back({12, 55, 32});
  writer.add(4, "second", second);
  writer.add_trampoline({kTailCallRestore, 32, 0, 0});
  auto object = writer.finish();
  EXPECT_TRUE(object.has_value());
  return *object;
}

TEST(Elf, ReadsWhatWasWritten) {
  const std::vector<std::byte> object = sample(Architecture::x86_64);
  auto contents = read_object(object);
  ASSERT_TRUE(contents.has_value()) << contents.error().to_string();
  EXPECT_EQ(contents->architecture, Architecture::x86_64);
  ASSERT_EQ(contents->functions.size(), 2);
  EXPECT_EQ(contents->functions[0].begin, 0);
  EXPECT_EQ(contents->functions[0].end, 20);
  EXPECT_EQ(contents->functions[0].function_index, 3);
  EXPECT_EQ(contents->functions[0].frame_begin, 4);
  EXPECT_EQ(contents->functions[0].body_begin, 8);
  const uint32_t second = contents->functions[1].begin;
  EXPECT_EQ(second, 32);
  ASSERT_EQ(contents->traps.size(), 2);
  EXPECT_EQ(contents->traps[0].code_offset, 12);
  EXPECT_EQ(contents->traps[1].wasm_offset, 100);
  ASSERT_EQ(contents->calls.size(), 1);
  EXPECT_EQ(contents->calls[0].return_offset, second + 12);
  EXPECT_EQ(contents->calls[0].argument_bytes, 32);
  ASSERT_EQ(contents->trampolines.size(), 1);

  // The call's distance counts from the end of its four bytes back to the first function.
  EXPECT_EQ(word_at(contents->text, second + 4), static_cast<uint32_t>(-static_cast<int>(second) - 8));
  EXPECT_EQ(word_at(contents->text, second + 20), contents->rodata_offset - (second + 20));
  EXPECT_EQ(contents->rodata_offset % 64, 0);
  ASSERT_GE(contents->rodata.size(), 12);
  EXPECT_EQ(static_cast<int>(contents->rodata[1]), 2);
  // The jump table's entry is the distance from itself to byte 4 of the second function, modulo 2^32.
  EXPECT_EQ(contents->rodata_offset + 8 + word_at(contents->rodata, 8), (uint64_t{1} << 32) + second + 4);

  ASSERT_EQ(contents->type_references.size(), 1);
  EXPECT_EQ(contents->type_references[0].type_index, 7);
  EXPECT_EQ(contents->type_references[0].offset, second + 12);
  std::vector<std::byte> text(contents->text.begin(), contents->text.end());
  resolve_type_reference(text, contents->type_references[0], 0x1234'5678);
  EXPECT_EQ(word_at(text, second + 12), 0x1234'5678);
}

TEST(Elf, PatchesPairsForRiscV) {
  const std::vector<std::byte> object = sample(Architecture::riscv64);
  auto contents = read_object(object);
  ASSERT_TRUE(contents.has_value()) << contents.error().to_string();
  EXPECT_EQ(contents->architecture, Architecture::riscv64);
  const uint32_t second = contents->functions[1].begin;
  // The displacement is -36: its upper part is 0, its lower part 0xfdc.
  EXPECT_EQ(word_at(contents->text, second + 4), 0);
  EXPECT_EQ(word_at(contents->text, second + 8) >> 20, 0xfff & static_cast<uint32_t>(-static_cast<int>(second) - 4));
  ASSERT_EQ(contents->type_references.size(), 2);
  std::vector<std::byte> text(contents->text.begin(), contents->text.end());
  for (const TypeReference& r : contents->type_references) resolve_type_reference(text, r, 0x1fff);
  EXPECT_EQ(word_at(text, second + 12), 0x2000);
  EXPECT_EQ(word_at(text, second + 16), 0xfff0'0000);
}

TEST(Elf, EqualInputsGiveEqualBytes) { EXPECT_EQ(sample(Architecture::x86_64), sample(Architecture::x86_64)); }

TEST(Elf, SurvivesCorruption) {
  const std::vector<std::byte> object = sample(Architecture::riscv64);
  for (size_t size = 0; size < object.size(); ++size)
    EXPECT_FALSE(read_object(std::span(object).first(size)).has_value()) << size;
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> changed = object;
    for (uint64_t n = 1 + random() % 4; n > 0; --n) {
      const std::byte value = random() % 2 != 0 ? std::byte{0xff} : static_cast<std::byte>(random());
      changed[random() % changed.size()] = value;
    }
    auto contents = read_object(changed);
    if (!contents) continue;
    // The reader has accepted the contents, so they can be used without further checks.
    std::vector<std::byte> text(contents->text.begin(), contents->text.end());
    for (const TypeReference& r : contents->type_references) resolve_type_reference(text, r, 1);
    for (const FunctionRecord& f : contents->functions) ASSERT_LE(f.end, text.size());
  }
}

}  // namespace
}  // namespace cairn::codegen

#include "wasm/text/keywords.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "wasm/text/lexer.hpp"

namespace cairn::wasm::text {
namespace {

constexpr uint32_t hash(std::string_view text) {
  uint32_t value = 2166136261u;  // the start value of FNV-1a
  for (char c : text) value = (value ^ static_cast<uint8_t>(c)) * 16777619u;
  return value ^ value >> 15;
}

constexpr size_t kBuckets = 2048;
constexpr uint16_t kEmpty = 0xffff;
static_assert(kBuckets >= 2 * kOpcodeCount);

// The names of instructions: a hash table with open addressing, made at compile time. An entry is an index into
// kOpcodes, or kEmpty.
constexpr auto kInstructions = [] {
  std::array<uint16_t, kBuckets> table{};
  table.fill(kEmpty);
  for (uint16_t i = 0; i < kOpcodeCount; ++i) {
    size_t bucket = hash(kOpcodes[i].name) % kBuckets;
    while (table[bucket] != kEmpty && kOpcodes[table[bucket]].name != kOpcodes[i].name) {
      bucket = (bucket + 1) % kBuckets;
    }
    if (table[bucket] == kEmpty) table[bucket] = i;
  }
  return table;
}();

// All keywords that are not names of instructions, sorted.
constexpr auto kOtherKeywords = [] {
  auto words = std::to_array<std::string_view>({
      // Types.
      "i8",
      "i16",
      "i32",
      "i64",
      "f32",
      "f64",
      "v128",
      "i8x16",
      "i16x8",
      "i32x4",
      "i64x2",
      "f32x4",
      "f64x2",
      "any",
      "anyref",
      "none",
      "nullref",
      "eq",
      "eqref",
      "i31",
      "i31ref",
      "structref",
      "arrayref",
      "nofunc",
      "funcref",
      "nullfuncref",
      "exn",
      "noexn",
      "exnref",
      "nullexnref",
      "extern",
      "noextern",
      "externref",
      "nullexternref",
      "ref",
      "null",
      "array",
      "struct",
      "field",
      "mut",
      "sub",
      "final",
      "rec",
      "shared",
      "pagesize",
      // Modules.
      "then",
      "do",
      "catch_ref",
      "catch_all_ref",
      "type",
      "tag",
      "global",
      "memory",
      "table",
      "func",
      "param",
      "result",
      "local",
      "data",
      "elem",
      "declare",
      "offset",
      "item",
      "start",
      "import",
      "export",
      "module",
      "binary",
      "quote",
      "definition",
      "instance",
      // Scripts.
      "script",
      "register",
      "invoke",
      "get",
      "assert_malformed",
      "assert_invalid",
      "assert_malformed_custom",
      "assert_invalid_custom",
      "assert_unlinkable",
      "assert_return",
      "assert_trap",
      "assert_exception",
      "assert_exhaustion",
      "thread",
      "wait",
      "nan:canonical",
      "nan:arithmetic",
      "either",
      "input",
      "output",
      "ref.extern",
      "ref.host",
      "ref.struct",
      "ref.array",
      "ref.exn",
  });
  std::ranges::sort(words);
  return words;
}();

}  // namespace

std::optional<Opcode> find_instruction(std::string_view name) {
  for (size_t bucket = hash(name) % kBuckets; kInstructions[bucket] != kEmpty; bucket = (bucket + 1) % kBuckets) {
    if (kOpcodes[kInstructions[bucket]].name == name) return static_cast<Opcode>(kInstructions[bucket]);
  }
  return std::nullopt;
}

bool is_known_keyword(std::string_view text) {
  return std::ranges::binary_search(kOtherKeywords, text) || find_instruction(text) || is_offset(text) ||
         is_align(text);
}

bool is_offset(std::string_view keyword) { return keyword.starts_with("offset=") && is_natural(keyword.substr(7)); }
bool is_align(std::string_view keyword) { return keyword.starts_with("align=") && is_natural(keyword.substr(6)); }

}  // namespace cairn::wasm::text

#include "wasm/opcodes.hpp"

#include <cstddef>

namespace cairn::wasm {
namespace {

constexpr uint16_t kNoOpcode = 0xffff;
constexpr size_t kPrefixes = 5;  // none, 0xfb..0xfe
constexpr size_t kCodes = 0x114;

constexpr size_t prefix_row(uint8_t prefix) {
  if (prefix == 0) return 0;
  return prefix >= 0xfb && prefix <= 0xfe ? prefix - 0xfau : kPrefixes;
}

using Table = std::array<std::array<uint16_t, kCodes>, kPrefixes>;

constexpr Table make_table() {
  Table table{};
  for (auto& row : table) row.fill(kNoOpcode);
  for (size_t i = 0; i < kOpcodes.size(); ++i) {
    table[prefix_row(kOpcodes[i].prefix)][kOpcodes[i].code] = static_cast<uint16_t>(i);
  }
  return table;
}

constexpr Table kTable = make_table();

}  // namespace

std::optional<Opcode> find_opcode(uint8_t prefix, uint32_t code) {
  const size_t row = prefix_row(prefix);
  if (row >= kPrefixes || code >= kCodes || kTable[row][code] == kNoOpcode) return std::nullopt;
  return static_cast<Opcode>(kTable[row][code]);
}

}  // namespace cairn::wasm

#include "wasm/types/opcodes.hpp"

#include <cstddef>

namespace cairn::wasm {
namespace {

constexpr uint8_t kFirstPrefix = 0xfb;
constexpr uint8_t kLastPrefix = 0xfe;
constexpr size_t kCodes = 0x114;  // the codes after a prefix are below this number

constexpr auto make_prefixed() {
  std::array<std::array<Opcode, kCodes>, kLastPrefix - kFirstPrefix + 1> table{};
  for (auto& codes : table) codes.fill(kNoOpcode);
  for (size_t i = 0; i < kOpcodes.size(); ++i) {
    if (kOpcodes[i].prefix != 0) table[kOpcodes[i].prefix - kFirstPrefix][kOpcodes[i].code] = static_cast<Opcode>(i);
  }
  return table;
}

constexpr auto make_one_byte() {
  std::array<Opcode, 256> table{};
  table.fill(kNoOpcode);
  for (size_t i = 0; i < kOpcodes.size(); ++i) {
    if (kOpcodes[i].prefix == 0) table[kOpcodes[i].code] = static_cast<Opcode>(i);
  }
  return table;
}

constexpr ValType letter_type(char letter) {
  switch (letter) {
    case 'l': return ValType::i64;
    case 'f': return ValType::f32;
    case 'd': return ValType::f64;
    case 'v': return ValType::v128;
    default: return ValType::i32;
  }
}

constexpr OpcodeRow make_row(const OpcodeInfo& entry) {
  OpcodeRow row;
  row.immediate = entry.immediate;
  row.shape = entry.shape;
  if (entry.feature) row.feature_bits = uint32_t{1} << static_cast<uint32_t>(*entry.feature);
  if (entry.signature == "*") return row;
  row.is_plain = entry.immediate == Immediate::none;
  bool results = false;
  for (char letter : entry.signature) {
    if (letter == ':') {
      results = true;
    } else if (results) {
      row.results[row.result_count++] = letter_type(letter);
    } else {
      row.params[row.param_count++] = letter_type(letter);
    }
  }
  return row;
}

constexpr auto make_rows() {
  std::array<OpcodeRow, kOpcodeCount> rows{};
  for (size_t i = 0; i < kOpcodeCount; ++i) rows[i] = make_row(kOpcodes[i]);
  return rows;
}

constexpr auto kPrefixed = make_prefixed();

}  // namespace

constexpr std::array<OpcodeRow, kOpcodeCount> kOpcodeRows = make_rows();
constexpr std::array<Opcode, 256> kOneByteOpcodes = make_one_byte();

Opcode find_prefixed_opcode(uint8_t prefix, uint32_t code) {
  if (prefix < kFirstPrefix || prefix > kLastPrefix || code >= kCodes) return kNoOpcode;
  return kPrefixed[prefix - kFirstPrefix][code];
}

}  // namespace cairn::wasm

// Opcodes, made from opcodes.def: the enumeration, and the properties of each opcode.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "wasm/types/features.hpp"
#include "wasm/types/types.hpp"

namespace cairn::wasm {

enum class Opcode : uint16_t {
#define CAIRN_OPCODE(id, text, prefix, code, immediate, shape, feature, signature) id,
#include "wasm/types/opcodes.def"
};

constexpr uint32_t kOpcodeCount = 0
#define CAIRN_OPCODE(id, text, prefix, code, immediate, shape, feature, signature) +1
#include "wasm/types/opcodes.def"
    ;

// The immediates that follow an opcode, in the binary format's order ([wasm 5.4]).
enum class Immediate : uint8_t {
  none,
  block_type,     // block type ([wasm 5.4.2])
  try_table,      // block type, vector of catch clauses
  label,          // u32
  label_table,    // vector of u32, u32
  cast_label,     // br_on_cast: flags byte, label, heap type, heap type
  func,           // u32
  type,           // u32
  type_table,     // u32 type, u32 table; the text format has the table first
  local,          // u32
  global,         // u32
  table,          // u32
  table_table,    // u32 destination, u32 source
  elem,           // u32
  elem_table,     // u32 element segment, u32 table; the text format has the table first
  memory,         // u32
  memory_memory,  // u32 destination, u32 source
  data,           // u32
  data_memory,    // u32 data segment, u32 memory; the text format has the memory first
  tag,            // u32
  heap_type,      // s33
  select_types,   // vector of value types
  type_field,     // u32 type, u32 field
  type_count,     // u32 type, u32 number of operands
  type_type,      // u32 destination's type, u32 source's type
  type_data,      // u32 type, u32 data segment
  type_elem,      // u32 type, u32 element segment
  memarg,         // u32 flags with the alignment, u32 memory if bit 6 of the flags is set, u64 offset
  memarg_lane,    // memarg, one byte
  lane,           // one byte
  shuffle,        // 16 bytes
  i32,            // s32
  i64,            // s64
  f32,            // 4 bytes
  f64,            // 8 bytes
  v128,           // 16 bytes
  zero_byte,      // one byte, 0 (atomic.fence); the text format has no immediate
};

struct OpcodeInfo {
  std::string_view name;       // the text format's name
  std::string_view signature;  // operands and results, such as "ii:i" (opcodes.def)
  uint16_t code;               // the opcode, or what follows the prefix
  uint8_t prefix;              // 0 if there is none
  Immediate immediate;
  uint8_t shape;                   // opcodes.def describes it
  std::optional<Feature> feature;  // the feature that must be on, if there is one
};

namespace detail {
struct OpcodeFeature {
#define X(id, name) static constexpr std::optional<Feature> id = Feature::id;
  CAIRN_WASM_FEATURES(X)
#undef X
  static constexpr std::optional<Feature> mvp = std::nullopt;
};
}  // namespace detail

inline constexpr std::array<OpcodeInfo, kOpcodeCount> kOpcodes = {{
#define CAIRN_OPCODE(id, text, prefix, code, immediate, shape, feature, signature) \
  {text, signature, code, prefix, Immediate::immediate, shape, detail::OpcodeFeature::feature},
#include "wasm/types/opcodes.def"
}};

constexpr const OpcodeInfo& info(Opcode opcode) { return kOpcodes[static_cast<size_t>(opcode)]; }
constexpr std::string_view to_string(Opcode opcode) { return info(opcode).name; }

// A plain opcode has no immediates and a fixed signature. It touches neither memory nor control, but it may trap.
constexpr bool is_plain(Opcode opcode) {
  const OpcodeInfo& entry = info(opcode);
  return entry.immediate == Immediate::none && entry.signature != "*";
}

// The part of OpcodeInfo that validation reads for every instruction, with the signature decoded.
struct OpcodeRow {
  Immediate immediate = Immediate::none;
  uint8_t shape = 0;
  bool is_plain = false;
  uint8_t param_count = 0;
  uint8_t result_count = 0;
  uint32_t feature_bits = 0;  // features that must be on, as in Features::bits()
  // The signature's letter 'a' (the memory's address type) appears as i32.
  ValType params[4] = {ValType::i32, ValType::i32, ValType::i32, ValType::i32};
  ValType results[2] = {ValType::i32, ValType::i32};
};
extern const std::array<OpcodeRow, kOpcodeCount> kOpcodeRows;
inline const OpcodeRow& row(Opcode opcode) { return kOpcodeRows[static_cast<size_t>(opcode)]; }

// kOneByteOpcodes and find_prefixed_opcode() give the opcode with these bytes, or kNoOpcode if there is none.
// find_opcode() does the same for both forms (`prefix` is 0 for one-byte opcodes), and returns nothing if there is
// none.
constexpr Opcode kNoOpcode = static_cast<Opcode>(0xffff);
extern const std::array<Opcode, 256> kOneByteOpcodes;
Opcode find_prefixed_opcode(uint8_t prefix, uint32_t code);
inline std::optional<Opcode> find_opcode(uint8_t prefix, uint32_t code) {
  const Opcode opcode = prefix != 0  ? find_prefixed_opcode(prefix, code)
                        : code < 256 ? kOneByteOpcodes[code]
                                     : kNoOpcode;
  if (opcode == kNoOpcode) return std::nullopt;
  return opcode;
}

}  // namespace cairn::wasm

// Builds vector constants, accesses to lanes, and shuffles. The other vector instructions are in the table of
// numeric.cpp, in relaxed.cpp and in memory.cpp.
#include <cstring>

#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using ir::Instruction;
using ir::Opcode;
using ir::SimdOp;
using WasmOp = wasm::Opcode;

ir::SimdOp to_simd(WasmOp opcode) {
  switch (opcode) {
#define CAIRN_SIMD(name, text) \
  case WasmOp::name: return SimdOp::name;
#include "compiler/ir/simd.def"
#undef CAIRN_SIMD
    default: CAIRN_UNREACHABLE();
  }
}

void Builder::constant_v128(uint64_t low, uint64_t high) {
  ir::V128 bytes;
  std::memcpy(bytes.data(), &low, 8);
  std::memcpy(bytes.data() + 8, &high, 8);
  Instruction inst;
  inst.opcode = Opcode::vconst;
  inst.type = Type::v128;
  inst.immediate = function_.add_vector_constant(bytes);
  push(insert_.emit(inst));
}

void Builder::lane(WasmOp opcode, uint8_t lane) {
  const std::string_view signature = wasm::info(opcode).signature;
  const bool is_extract = signature.starts_with("v:");
  Instruction inst;
  inst.opcode = is_extract ? Opcode::simd_extract : Opcode::simd_replace;
  switch (signature.back()) {
    case 'i': inst.type = Type::i32; break;
    case 'l': inst.type = Type::i64; break;
    case 'f': inst.type = Type::f32; break;
    case 'd': inst.type = Type::f64; break;
    default: inst.type = Type::v128; break;
  }
  inst.aux = lane;
  inst.immediate = static_cast<int64_t>(to_simd(opcode));
  if (!is_extract) inst.operands[1] = pop();
  inst.operands[0] = pop();
  push(insert_.emit(inst));
}

void Builder::shuffle(std::span<const uint8_t, 16> lanes) {
  ir::V128 bytes;
  std::memcpy(bytes.data(), lanes.data(), 16);
  Instruction inst;
  inst.opcode = Opcode::simd_shuffle;
  inst.type = Type::v128;
  inst.immediate = function_.add_vector_constant(bytes);
  inst.operands[1] = pop();
  inst.operands[0] = pop();
  push(insert_.emit(inst));
}

}  // namespace cairn::compiler

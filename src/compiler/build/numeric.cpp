// Builds numeric instructions, and those vector instructions that have no immediates. A table maps WebAssembly's
// instructions to the IR's.
#include <array>

#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using ir::Condition;
using ir::Instruction;
using ir::Opcode;
using ir::Type;
using WasmOp = wasm::Opcode;

namespace {

// The IR instruction for a WebAssembly instruction.
struct Entry {
  Opcode opcode = Opcode::trap;         // `trap` for instructions that plain() does not build
  Type type = Type::none;               // type of the result
  Condition condition = Condition::eq;  // for icmp and fcmp
};

// An Entry for each WebAssembly instruction, by wasm::Opcode.
struct Table {
  constexpr void set(WasmOp op, Opcode opcode, Type type) { entries[static_cast<size_t>(op)] = {opcode, type, {}}; }
  constexpr void compare(WasmOp op, Opcode opcode, Condition condition) {
    entries[static_cast<size_t>(op)] = {opcode, Type::i32, condition};
  }

  std::array<Entry, wasm::kOpcodeCount> entries{};
};

// These macros add the i32 and the i64 form of an instruction, or the f32 and the f64 form.
#define CAIRN_BOTH_INT(wasm_name, opcode)                        \
  table.set(WasmOp::i32_##wasm_name, Opcode::opcode, Type::i32); \
  table.set(WasmOp::i64_##wasm_name, Opcode::opcode, Type::i64);
#define CAIRN_BOTH_FLOAT(wasm_name, opcode)                      \
  table.set(WasmOp::f32_##wasm_name, Opcode::opcode, Type::f32); \
  table.set(WasmOp::f64_##wasm_name, Opcode::opcode, Type::f64);
#define CAIRN_COMPARE_INT(wasm_name, condition)                               \
  table.compare(WasmOp::i32_##wasm_name, Opcode::icmp, Condition::condition); \
  table.compare(WasmOp::i64_##wasm_name, Opcode::icmp, Condition::condition);
#define CAIRN_COMPARE_FLOAT(wasm_name, condition)                             \
  table.compare(WasmOp::f32_##wasm_name, Opcode::fcmp, Condition::condition); \
  table.compare(WasmOp::f64_##wasm_name, Opcode::fcmp, Condition::condition);

constexpr void add_integers(Table& table) {
  CAIRN_BOTH_INT(clz, clz)
  CAIRN_BOTH_INT(ctz, ctz)
  CAIRN_BOTH_INT(popcnt, popcnt)
  CAIRN_BOTH_INT(add, iadd)
  CAIRN_BOTH_INT(sub, isub)
  CAIRN_BOTH_INT(mul, imul)
  CAIRN_BOTH_INT(div_s, sdiv)
  CAIRN_BOTH_INT(div_u, udiv)
  CAIRN_BOTH_INT(rem_s, srem)
  CAIRN_BOTH_INT(rem_u, urem)
  CAIRN_BOTH_INT(and, iand)
  CAIRN_BOTH_INT(or, ior)
  CAIRN_BOTH_INT(xor, ixor)
  CAIRN_BOTH_INT(shl, ishl)
  CAIRN_BOTH_INT(shr_s, sshr)
  CAIRN_BOTH_INT(shr_u, ushr)
  CAIRN_BOTH_INT(rotl, rotl)
  CAIRN_BOTH_INT(rotr, rotr)
  CAIRN_BOTH_INT(extend8_s, sext8)
  CAIRN_BOTH_INT(extend16_s, sext16)
  table.set(WasmOp::i64_extend32_s, Opcode::sext32, Type::i64);
  table.set(WasmOp::i64_add128, Opcode::add128, Type::i64);
  table.set(WasmOp::i64_sub128, Opcode::sub128, Type::i64);
  table.set(WasmOp::i64_mul_wide_s, Opcode::mul_wide_s, Type::i64);
  table.set(WasmOp::i64_mul_wide_u, Opcode::mul_wide_u, Type::i64);
}

constexpr void add_comparisons(Table& table) {
  CAIRN_COMPARE_INT(eqz, eq)
  CAIRN_COMPARE_INT(eq, eq)
  CAIRN_COMPARE_INT(ne, ne)
  CAIRN_COMPARE_INT(lt_s, slt)
  CAIRN_COMPARE_INT(lt_u, ult)
  CAIRN_COMPARE_INT(gt_s, sgt)
  CAIRN_COMPARE_INT(gt_u, ugt)
  CAIRN_COMPARE_INT(le_s, sle)
  CAIRN_COMPARE_INT(le_u, ule)
  CAIRN_COMPARE_INT(ge_s, sge)
  CAIRN_COMPARE_INT(ge_u, uge)
  CAIRN_COMPARE_FLOAT(eq, feq)
  CAIRN_COMPARE_FLOAT(ne, fne)
  CAIRN_COMPARE_FLOAT(lt, flt)
  CAIRN_COMPARE_FLOAT(gt, fgt)
  CAIRN_COMPARE_FLOAT(le, fle)
  CAIRN_COMPARE_FLOAT(ge, fge)
}

constexpr void add_floats(Table& table) {
  CAIRN_BOTH_FLOAT(abs, fabs)
  CAIRN_BOTH_FLOAT(neg, fneg)
  CAIRN_BOTH_FLOAT(ceil, fceil)
  CAIRN_BOTH_FLOAT(floor, ffloor)
  CAIRN_BOTH_FLOAT(trunc, ftrunc)
  CAIRN_BOTH_FLOAT(nearest, fnearest)
  CAIRN_BOTH_FLOAT(sqrt, fsqrt)
  CAIRN_BOTH_FLOAT(add, fadd)
  CAIRN_BOTH_FLOAT(sub, fsub)
  CAIRN_BOTH_FLOAT(mul, fmul)
  CAIRN_BOTH_FLOAT(div, fdiv)
  CAIRN_BOTH_FLOAT(min, fmin)
  CAIRN_BOTH_FLOAT(max, fmax)
  CAIRN_BOTH_FLOAT(copysign, fcopysign)
}

constexpr void add_conversions(Table& table) {
  CAIRN_BOTH_INT(trunc_f32_s, trunc_s)
  CAIRN_BOTH_INT(trunc_f64_s, trunc_s)
  CAIRN_BOTH_INT(trunc_f32_u, trunc_u)
  CAIRN_BOTH_INT(trunc_f64_u, trunc_u)
  CAIRN_BOTH_INT(trunc_sat_f32_s, trunc_sat_s)
  CAIRN_BOTH_INT(trunc_sat_f64_s, trunc_sat_s)
  CAIRN_BOTH_INT(trunc_sat_f32_u, trunc_sat_u)
  CAIRN_BOTH_INT(trunc_sat_f64_u, trunc_sat_u)
  CAIRN_BOTH_FLOAT(convert_i32_s, convert_s)
  CAIRN_BOTH_FLOAT(convert_i64_s, convert_s)
  CAIRN_BOTH_FLOAT(convert_i32_u, convert_u)
  CAIRN_BOTH_FLOAT(convert_i64_u, convert_u)
  table.set(WasmOp::i32_wrap_i64, Opcode::wrap, Type::i32);
  table.set(WasmOp::i64_extend_i32_s, Opcode::sextend, Type::i64);
  table.set(WasmOp::i64_extend_i32_u, Opcode::uextend, Type::i64);
  table.set(WasmOp::f32_demote_f64, Opcode::fdemote, Type::f32);
  table.set(WasmOp::f64_promote_f32, Opcode::fpromote, Type::f64);
  table.set(WasmOp::i32_reinterpret_f32, Opcode::bitcast, Type::i32);
  table.set(WasmOp::i64_reinterpret_f64, Opcode::bitcast, Type::i64);
  table.set(WasmOp::f32_reinterpret_i32, Opcode::bitcast, Type::f32);
  table.set(WasmOp::f64_reinterpret_i64, Opcode::bitcast, Type::f64);
}

#undef CAIRN_BOTH_INT
#undef CAIRN_BOTH_FLOAT
#undef CAIRN_COMPARE_INT
#undef CAIRN_COMPARE_FLOAT

// Adds the vector instructions (prefix 0xfd) without immediates. The number of operands, which is the number of letters
// before the ':' of the signature (wasm/types/opcodes.def), decides the IR's opcode.
constexpr void add_vectors(Table& table) {
  for (size_t i = 0; i < wasm::kOpcodeCount; ++i) {
    const wasm::OpcodeInfo& info = wasm::kOpcodes[i];
    if (info.prefix != 0xfd || info.immediate != wasm::Immediate::none || info.signature == "*") continue;
    const size_t operands = info.signature.find(':');
    const Opcode opcode = operands == 1   ? Opcode::simd_unary
                          : operands == 2 ? Opcode::simd_binary
                                          : Opcode::simd_ternary;
    table.set(static_cast<WasmOp>(i), opcode, info.signature.back() == 'v' ? Type::v128 : Type::i32);
  }
}

constexpr std::array<Entry, wasm::kOpcodeCount> make_table() {
  Table table;
  add_integers(table);
  add_comparisons(table);
  add_floats(table);
  add_conversions(table);
  add_vectors(table);
  return table.entries;
}

constexpr std::array<Entry, wasm::kOpcodeCount> kTable = make_table();

}  // namespace

void Builder::plain(WasmOp opcode) {
  const Entry& entry = kTable[static_cast<size_t>(opcode)];
  Instruction inst;
  inst.opcode = entry.opcode;
  inst.type = entry.type;
  switch (entry.opcode) {
    case Opcode::trap: refuse(wasm::to_string(opcode).data()); return;
    case Opcode::simd_unary:
    case Opcode::simd_binary:
    case Opcode::simd_ternary:
      if (wasm::info(opcode).feature == wasm::Feature::relaxed_simd && context_.options().deterministic_relaxed_simd) {
        return deterministic(opcode);
      }
      inst.immediate = static_cast<int64_t>(to_simd(opcode));
      break;
    case Opcode::icmp:
      inst.aux = static_cast<uint8_t>(entry.condition);
      // eqz compares with zero.
      if (opcode == WasmOp::i32_eqz) push(insert_.iconst(Type::i32, 0));
      if (opcode == WasmOp::i64_eqz) push(insert_.iconst(Type::i64, 0));
      break;
    case Opcode::fcmp: inst.aux = static_cast<uint8_t>(entry.condition); break;
    case Opcode::add128:
    case Opcode::sub128:
    case Opcode::mul_wide_s:
    case Opcode::mul_wide_u: return wide(entry.opcode);
    default: break;
  }
  for (size_t i = ir::facts(entry.opcode).operands; i-- > 0;) inst.operands[i] = pop();
  push(insert_.emit(inst));
}

// Builds a wide operation, whose two results are the low and the high half.
void Builder::wide(Opcode opcode) {
  Instruction inst;
  inst.opcode = opcode;
  inst.type = Type::i64;
  const uint32_t count = ir::facts(opcode).operands;
  if (count == 4) {
    inst.extra = function_.add_values(top(4));
  } else {
    inst.operands[0] = top(2)[0];
    inst.operands[1] = top(2)[1];
  }
  drop_values(count);
  const Value low = insert_.emit(inst);
  Instruction result;
  result.opcode = Opcode::result;
  result.type = Type::i64;
  result.operands[0] = low;
  result.immediate = 1;
  push(low);
  push(insert_.emit(result));
}

}  // namespace cairn::compiler

#include "support/snippets.hpp"

#include <algorithm>
#include <array>

namespace cairn::fuzz {
namespace {

using wasm::Opcode;
using wasm::OpcodeRow;
using wasm::ValType;
using wasm::text::ByteWriter;

struct Encoding {
  uint8_t prefix;
  uint32_t code;
};
constexpr Encoding kEncodings[] = {
#define CAIRN_OPCODE(id, text, prefix, code, immediate, shape, feature, signature) {prefix, code},
#include "wasm/types/opcodes.def"
};

bool same(const OpcodeRow& a, const OpcodeRow& b) {
  return a.immediate == b.immediate && a.param_count == b.param_count && a.result_count == b.result_count &&
         std::equal(a.params, a.params + a.param_count, b.params) &&
         std::equal(a.results, a.results + a.result_count, b.results);
}

bool is_plain_value(ValType type) { return type.is_number() || type == ValType::v128; }

// The bounds of integer types, of shift counts and of conversions from floats, and the bits of special floats.
constexpr uint64_t kTelling[] = {0,
                                 1,
                                 2,
                                 3,
                                 4,
                                 7,
                                 8,
                                 15,
                                 16,
                                 31,
                                 32,
                                 33,
                                 63,
                                 64,
                                 65,
                                 127,
                                 128,
                                 255,
                                 256,
                                 0x7ff,
                                 0x800,
                                 0xfff,
                                 0x1000,
                                 0x7fff,
                                 0x8000,
                                 0xffff,
                                 0x10000,
                                 0x7fff'ffff,
                                 0x8000'0000,
                                 0xffff'ffff,
                                 0x1'0000'0000,
                                 0x7fff'ffff'ffff'ffff,
                                 0x8000'0000'0000'0000,
                                 0xffff'ffff'ffff'ffff,
                                 0x7f80'0000,
                                 0x7fc0'0000,
                                 0xcf00'0000,
                                 0x4f00'0000,
                                 0x5f00'0000,
                                 0x7ff0'0000'0000'0000,
                                 0x7ff8'0000'0000'0000,
                                 0xc1e0'0000'0000'0000,
                                 0x41e0'0000'0000'0000,
                                 0x43e0'0000'0000'0000};

}  // namespace

void Snippets::opcode(Opcode op, ByteWriter& out) {
  const Encoding encoding = kEncodings[static_cast<size_t>(op)];
  if (encoding.prefix != 0) {
    out.byte(encoding.prefix);
    out.unsigned_leb(encoding.code);
  } else {
    out.byte(encoding.code);
  }
}

bool Snippets::constant(ValType type, ByteWriter& out) {
  const auto number = [&] {
    uint64_t bits = pick(4) == 0 ? uint64_t{random_()} * random_() : kTelling[pick(std::size(kTelling))];
    if (pick(4) == 0) bits = 0 - bits;
    return bits;
  };
  switch (type.kind()) {
    case ValType::i32:
      opcode(Opcode::i32_const, out);
      out.signed_leb(static_cast<int32_t>(number()));
      return true;
    case ValType::i64:
      opcode(Opcode::i64_const, out);
      out.signed_leb(static_cast<int64_t>(number()));
      return true;
    case ValType::f32:
      opcode(Opcode::f32_const, out);
      out.fixed(number(), 4);
      return true;
    case ValType::f64:
      opcode(Opcode::f64_const, out);
      out.fixed(number(), 8);
      return true;
    case ValType::v128:
      opcode(Opcode::v128_const, out);
      out.fixed(number(), 8);
      out.fixed(number(), 8);
      return true;
    default: return false;
  }
}

bool Snippets::local_of(ValType type, uint32_t& index) {
  if (function_.locals.empty()) return false;
  for (int attempt = 0; attempt < 6; ++attempt) {
    index = pick(function_.locals.size());
    if (function_.locals[index] == type) return true;
  }
  return false;
}

void Snippets::value(ValType type, ByteWriter& out) {
  uint32_t local = 0;
  if (pick(2) == 0 && type.is_defaultable() && local_of(type, local)) {
    opcode(Opcode::local_get, out);
    out.unsigned_leb(local);
  } else {
    constant(type, out);
  }
}

// Writes another instruction with the same types of operands and results and the same kind of immediate. Returns false
// if it finds none.
bool Snippets::same_signature(Opcode old, ByteWriter& out) {
  const OpcodeRow& wanted = wasm::row(old);
  for (int attempt = 0; attempt < 200; ++attempt) {
    const auto candidate = static_cast<Opcode>(pick(wasm::kOpcodeCount));
    const OpcodeRow& found = wasm::row(candidate);
    if (candidate == old || !found.is_plain || !same(found, wanted)) continue;
    opcode(candidate, out);
    return true;
  }
  return false;
}

// Writes instructions that use the value on top of the stack and leave a value of the same type.
void Snippets::transform(ValType type, ByteWriter& out) {
  uint32_t local = 0;
  if (pick(6) == 0 && local_of(type, local)) {
    opcode(Opcode::local_tee, out);
    out.unsigned_leb(local);
    return;
  }
  if (pick(8) == 0) {
    opcode(Opcode::drop, out);
    value(type, out);
    return;
  }
  if (pick(10) == 0 && local_of(type, local)) {  // keeps the value in a local, which an if may change
    opcode(Opcode::local_set, out);
    out.unsigned_leb(local);
    value(ValType::i32, out);
    opcode(Opcode::if_, out);
    out.byte(0x40);
    value(type, out);
    opcode(Opcode::local_set, out);
    out.unsigned_leb(local);
    if (pick(2) == 0) {
      opcode(Opcode::else_, out);
      statement(out);
    }
    opcode(Opcode::end, out);
    opcode(Opcode::local_get, out);
    out.unsigned_leb(local);
    return;
  }
  for (int attempt = 0; attempt < 400; ++attempt) {
    const auto candidate = static_cast<Opcode>(pick(wasm::kOpcodeCount));
    const OpcodeRow& row = wasm::row(candidate);
    if (!row.is_plain || row.result_count != 1 || row.param_count == 0 || row.params[0] != type) continue;
    if (!std::all_of(row.params + 1, row.params + row.param_count, is_plain_value)) continue;
    ByteWriter tail;
    if (row.results[0] != type) {  // another conversion leads back to `type`
      bool found = false;
      for (int inner = 0; inner < 400 && !found; ++inner) {
        const auto back = static_cast<Opcode>(pick(wasm::kOpcodeCount));
        const OpcodeRow& back_row = wasm::row(back);
        found = back_row.is_plain && back_row.result_count == 1 && back_row.results[0] == type &&
                back_row.param_count == 1 && back_row.params[0] == row.results[0];
        if (found) opcode(back, tail);
      }
      if (!found) continue;
    }
    for (unsigned i = 1; i < row.param_count; ++i) value(row.params[i], out);
    opcode(candidate, out);
    out.append(tail.bytes());
    return;
  }
}

void Snippets::memarg(Opcode op, ByteWriter& out) {
  const uint32_t natural = wasm::row(op).shape;
  const uint32_t memory = pick(4) == 0 && module_.memories.size() > 1 ? pick(module_.memories.size()) : 0;
  const bool is_atomic = (wasm::row(op).feature_bits & wasm::Features::none().with(wasm::Feature::threads).bits()) != 0;
  out.unsigned_leb((is_atomic ? natural : pick(natural + 1)) | (memory != 0 ? 0x40 : 0));
  if (memory != 0) out.unsigned_leb(memory);
  const uint64_t mask = module_.memories[memory].type.address == wasm::AddressType::i32 ? 0xffff'ffff : ~uint64_t{0};
  out.unsigned_leb(pick(2) == 0 ? pick(64) : kTelling[pick(std::size(kTelling))] & mask);
}

// Writes an access with the same types of operands and results, and a new memarg. Returns false if there is no memory.
bool Snippets::access(Opcode old, ByteWriter& out) {
  if (module_.memories.empty()) return false;
  Opcode chosen = old;
  for (int attempt = 0; attempt < 60 && pick(8) != 0; ++attempt) {
    const auto candidate = static_cast<Opcode>(pick(wasm::kOpcodeCount));
    if (wasm::row(candidate).immediate == wasm::Immediate::memarg && same(wasm::row(candidate), wasm::row(old))) {
      chosen = candidate;
    }
  }
  opcode(chosen, out);
  memarg(chosen, out);
  return true;
}

void Snippets::memory_statement(ByteWriter& out) {
  const ValType address = module_.memories[0].type.address == wasm::AddressType::i32 ? ValType::i32 : ValType::i64;
  for (int attempt = 0; attempt < 200; ++attempt) {
    const auto candidate = static_cast<Opcode>(pick(wasm::kOpcodeCount));
    const OpcodeRow& row = wasm::row(candidate);
    if (row.immediate != wasm::Immediate::memarg) continue;
    value(address, out);
    for (unsigned i = 1; i < row.param_count; ++i) value(row.params[i], out);
    opcode(candidate, out);
    // The access is to memory 0, because `address` is the type of its addresses.
    out.unsigned_leb(row.shape);
    out.unsigned_leb(pick(2) == 0 ? pick(64) : kTelling[pick(32)] & 0xffff'ffff);
    if (row.result_count != 0) opcode(Opcode::drop, out);
    return;
  }
}

void Snippets::statement(ByteWriter& out) {
  switch (pick(10)) {
    case 0:
    case 1:
      if (module_.memories.empty()) break;
      memory_statement(out);
      return;
    case 2: {  // local = value
      if (function_.locals.empty()) break;
      const uint32_t local = pick(function_.locals.size());
      if (!is_plain_value(function_.locals[local])) break;
      value(function_.locals[local], out);
      transform(function_.locals[local], out);
      opcode(Opcode::local_set, out);
      out.unsigned_leb(local);
      return;
    }
    case 3: {
      if (module_.globals.empty()) break;
      const uint32_t global = pick(module_.globals.size());
      const wasm::GlobalType& type = module_.globals[global].type;
      if (type.mutability == wasm::Mutability::immutable || !is_plain_value(type.type)) break;
      opcode(Opcode::global_get, out);
      out.unsigned_leb(global);
      transform(type.type, out);
      opcode(Opcode::global_set, out);
      out.unsigned_leb(global);
      return;
    }
    case 4:  // a block that is perhaps left early
      opcode(Opcode::block, out);
      out.byte(0x40);
      value(ValType::i32, out);
      opcode(Opcode::br_if, out);
      out.unsigned_leb(0);
      if (pick(2) == 0) statement(out);
      opcode(Opcode::end, out);
      return;
    case 5: {  // a call whose results are dropped
      if (module_.functions.empty()) break;
      const uint32_t callee = pick(module_.functions.size());
      const wasm::FuncType& type = module_.func_type(wasm::FuncIndex(callee));
      if (!std::ranges::all_of(type.params, is_plain_value) || type.params.size() > 8 || type.results.size() > 8) break;
      for (const ValType param : type.params) value(param, out);
      opcode(Opcode::call, out);
      out.unsigned_leb(callee);
      for (size_t i = 0; i < type.results.size(); ++i) opcode(Opcode::drop, out);
      return;
    }
    case 6:  // a jump table
      opcode(Opcode::block, out);
      out.byte(0x40);
      opcode(Opcode::block, out);
      out.byte(0x40);
      value(ValType::i32, out);
      opcode(Opcode::br_table, out);
      out.unsigned_leb(3);
      for (int i = 0; i < 4; ++i) out.unsigned_leb(pick(2));
      opcode(Opcode::end, out);
      if (pick(2) == 0) statement(out);
      opcode(Opcode::end, out);
      return;
    case 7:  // a loop of one round
      opcode(Opcode::loop, out);
      out.byte(0x40);
      statement(out);
      opcode(Opcode::end, out);
      return;
    case 8: {
      if (module_.memories.empty()) break;
      opcode(Opcode::memory_size, out);
      out.unsigned_leb(0);
      opcode(Opcode::drop, out);
      return;
    }
    default: {
      constexpr std::array kTypes = {ValType::i32, ValType::i64, ValType::f32, ValType::f64, ValType::v128};
      const ValType type = kTypes[pick(kTypes.size())];
      value(type, out);
      transform(type, out);
      opcode(Opcode::drop, out);
      return;
    }
  }
  opcode(Opcode::nop, out);
}

Edit Snippets::edit(const Instruction& at, ByteWriter& out) {
  using Kind = Instruction::Kind;
  const unsigned way = pick(4);
  const bool has_extent = at.end > at.begin;
  if (has_extent && way != 0) {
    if (way == 1 && at.result && is_plain_value(*at.result)) {
      transform(*at.result, out);
      return Edit::insert_behind;
    }
    if (at.kind == Kind::constant || at.kind == Kind::local_get) {
      if (is_plain_value(*at.result)) {
        value(*at.result, out);
        return Edit::replace;
      }
    }
    if (at.kind == Kind::plain && same_signature(at.opcode, out)) return Edit::replace;
    if ((at.kind == Kind::load || at.kind == Kind::store) && access(at.opcode, out)) return Edit::replace;
  }
  statement(out);
  return Edit::insert_before;
}

}  // namespace cairn::fuzz

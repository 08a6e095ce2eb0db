#include "support/instructions.hpp"

#include "wasm/validation/validator.hpp"

namespace cairn::fuzz {
namespace {

using wasm::Opcode;
using wasm::ValType;

// Receives the reachable instructions from the validator and records them.
class Recorder : public wasm::NullSink {
 public:
  explicit Recorder(FunctionInstructions& out) : out_(out) {}

  void begin_function(wasm::FuncIndex, const wasm::FuncType&, std::span<const ValType> locals) {
    out_.locals.assign(locals.begin(), locals.end());
  }
  bool at(uint64_t offset) {
    if (!out_.live.empty()) out_.live.back().end = offset;
    out_.live.push_back({.begin = offset, .end = offset});
    return true;
  }

  void constant(ValType type, uint64_t) { set(Instruction::Kind::constant, wasm::kNoOpcode, type); }
  void constant_v128(uint64_t, uint64_t) { set(Instruction::Kind::constant, wasm::kNoOpcode, ValType::v128); }
  void plain(Opcode opcode) { set(Instruction::Kind::plain, opcode, result_of(opcode)); }
  void lane(Opcode opcode, uint8_t) { set(Instruction::Kind::other, opcode, result_of(opcode)); }
  void shuffle(std::span<const uint8_t, 16>) { set(Instruction::Kind::other, wasm::kNoOpcode, ValType::v128); }
  void load(Opcode opcode, const wasm::MemArg&) { set(Instruction::Kind::load, opcode, result_of(opcode)); }
  void store(Opcode opcode, const wasm::MemArg&) { set(Instruction::Kind::store, opcode, std::nullopt); }
  void select(ValType type) { set(Instruction::Kind::other, wasm::kNoOpcode, type); }
  void local_get(wasm::LocalIndex local) {
    set(Instruction::Kind::local_get, wasm::kNoOpcode, out_.locals[local.index()]);
  }
  void local_set(wasm::LocalIndex) { set(Instruction::Kind::local_set, wasm::kNoOpcode, std::nullopt); }
  void local_tee(wasm::LocalIndex local) {
    set(Instruction::Kind::local_tee, wasm::kNoOpcode, out_.locals[local.index()]);
  }

 private:
  static std::optional<ValType> result_of(Opcode opcode) {
    const wasm::OpcodeRow& row = wasm::row(opcode);
    return row.result_count == 1 ? std::optional(row.results[0]) : std::nullopt;
  }
  void set(Instruction::Kind kind, Opcode opcode, std::optional<ValType> result) {
    Instruction& last = out_.live.back();
    last.kind = kind, last.opcode = opcode, last.result = result;
  }

  FunctionInstructions& out_;
};

}  // namespace

std::optional<FunctionInstructions> find_instructions(const wasm::Module& module, wasm::FuncIndex function) {
  FunctionInstructions result;
  Recorder recorder(result);
  wasm::FunctionValidator validator(module);
  if (!validator.validate(function, recorder)) return std::nullopt;
  // An end is taken from the beginning of the next recorded instruction, which is too far if unreachable code lies
  // between. So instructions after which code may be unreachable get no end.
  for (size_t i = 0; i + 1 < result.live.size(); ++i) {
    Instruction& it = result.live[i];
    if (it.kind == Instruction::Kind::other && !it.result) it.end = it.begin;
  }
  if (!result.live.empty()) result.live.back().end = result.live.back().begin;
  return result;
}

}  // namespace cairn::fuzz

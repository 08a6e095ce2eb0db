#include "compiler/ir/inserter.hpp"

namespace cairn::ir {

namespace {

// Each step of simplification brings an instruction closer to its final form, so a few steps are enough. The bound is a
// safety net.
constexpr int kMaximumSteps = 16;

// A step can make instructions that need steps themselves. Guest code decides how deep this nests, so the depth is
// bounded to protect the stack. Instructions that are made at this depth are not simplified.
constexpr uint32_t kMaximumNesting = 32;

bool is_check(Opcode opcode) { return opcode == Opcode::trap_if || opcode == Opcode::trap_unless; }

}  // namespace

Inserter::Inserter(Function& function, Simplify simplify, size_t expected_values)
    : function_(function), simplify_(simplify), table_(function, simplify == Simplify::yes ? expected_values : 0) {}

std::optional<int64_t> Inserter::constant(Value value) const {
  const Instruction& inst = at(value);
  if (inst.opcode == Opcode::iconst) return inst.immediate;
  return std::nullopt;
}

Value Inserter::place(Instruction instruction) {
  instruction.position = position_;
  if (instruction.opcode == Opcode::result) {
    const Value of = instruction.operands[0];
    const Block block = function_.block_of(of);
    // A call may have a thousand results, which stand one after the other. If the block ends in one of them, no search
    // for the last one is needed.
    const Value last = function_[block].last;
    if (is(last, Opcode::result) && at(last).operands[0] == of) return function_.append(block, instruction);
    Value after = function_.next(of);
    while (after && is(after, Opcode::result)) after = function_.next(after);
    if (after) return function_.insert_before(after, instruction);
    return function_.append(block, instruction);
  }
  return before_ ? function_.insert_before(before_, instruction) : function_.append(block_, instruction);
}

bool Inserter::reduce(Instruction& inst, Value& replacement) {
  if (nesting_ == kMaximumNesting) return true;
  struct Nested {
    explicit Nested(uint32_t& nesting) : count(nesting) { ++count; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    ~Nested() { --count; }
    uint32_t& count;
  } nested(nesting_);
  bool changed = true;
  for (int steps = 0; changed && steps < kMaximumSteps; ++steps) {
    changed = false;
    replacement = step(inst, changed);
    if (replacement) return false;
  }
  if (is_check(inst.opcode)) {
    // A check on a constant that never traps is not needed. One that always traps stays; opt/branches.cpp removes the
    // code after it.
    const auto condition = constant(inst.operands[0]);
    if (condition && (*condition == 0) == (inst.opcode == Opcode::trap_if)) return false;
  }
  return true;
}

Value Inserter::emit(Instruction instruction, uint32_t version) {
  if (!simplifies()) return place(instruction);
  Value replacement;
  if (!reduce(instruction, replacement)) return replacement;
  const uint32_t hash = table_.hash(instruction, version);
  if (const Value existing = table_.find(instruction, version, hash)) {
    return is_check(instruction.opcode) ? Value::none() : existing;
  }
  const Value value = place(instruction);
  table_.insert(instruction, value, version, hash);
  return value;
}

Value Inserter::revisit(Value value, uint32_t version) {
  insert_before(value);
  set_position(at(value).position);
  Instruction instruction = at(value);
  Value replacement;
  if (!reduce(instruction, replacement)) return replacement;
  const uint32_t hash = table_.hash(instruction, version);
  if (const Value existing = table_.find(instruction, version, hash)) {
    return is_check(instruction.opcode) ? Value::none() : existing;
  }
  if (instruction.opcode == Opcode::result) {
    // The operation that this is a result of may have been replaced by an earlier equal operation. Then this
    // instruction moves to the place after the earlier operation and its other results.
    const Value of = instruction.operands[0];
    const Value before = function_.previous(value);
    const bool is_in_place = before == of || (before && is(before, Opcode::result) && at(before).operands[0] == of);
    Value after = is_in_place ? value : function_.next(of);
    while (after && after != value && is(after, Opcode::result)) after = function_.next(after);
    if (after != value) function_.move_before(value, after);
  }
  function_[value] = instruction;
  table_.insert(instruction, value, version, hash);
  return value;
}

void Inserter::enter(const Instruction& instruction, Value value, uint32_t version) {
  table_.insert(instruction, value, version, table_.hash(instruction, version));
}

Value Inserter::iconst(Type type, int64_t value) {
  Instruction inst;
  inst.opcode = Opcode::iconst;
  inst.type = type;
  inst.immediate = type == Type::i32 ? static_cast<int32_t>(value) : value;
  return emit(inst);
}

Value Inserter::fconst(Type type, uint64_t bits) {
  Instruction inst;
  inst.opcode = Opcode::fconst;
  inst.type = type;
  inst.immediate = static_cast<int64_t>(type == Type::f32 ? bits & 0xffff'ffff : bits);
  return emit(inst);
}

Value Inserter::unary(Opcode opcode, Type type, Value a) {
  Instruction inst;
  inst.opcode = opcode;
  inst.type = type;
  inst.operands[0] = a;
  return emit(inst);
}

Value Inserter::binary(Opcode opcode, Type type, Value a, Value b) {
  Instruction inst;
  inst.opcode = opcode;
  inst.type = type;
  inst.operands[0] = a;
  inst.operands[1] = b;
  return emit(inst);
}

Value Inserter::compare(Condition condition, Value a, Value b) {
  Instruction inst;
  inst.opcode = condition < Condition::feq ? Opcode::icmp : Opcode::fcmp;
  inst.type = Type::i32;
  inst.aux = static_cast<uint8_t>(condition);
  inst.operands[0] = a;
  inst.operands[1] = b;
  return emit(inst);
}

Value Inserter::select(Type type, Value condition, Value if_nonzero, Value if_zero) {
  Instruction inst;
  inst.opcode = Opcode::select;
  inst.type = type;
  inst.operands[0] = condition;
  inst.operands[1] = if_nonzero;
  inst.operands[2] = if_zero;
  return emit(inst);
}

void Inserter::trap_if(Value condition, wasm::TrapKind kind) {
  Instruction inst;
  inst.opcode = Opcode::trap_if;
  inst.aux = static_cast<uint8_t>(kind);
  inst.operands[0] = condition;
  emit(inst);
}

Value Inserter::load(Type type, Value base, int64_t displacement, const MemoryAccess& access) {
  Instruction inst;
  inst.opcode = Opcode::load;
  inst.type = type;
  inst.operands[0] = base;
  inst.immediate = displacement;
  inst.extra = function_.add_access(access);
  return access.alias == AliasClass::immutable ? emit(inst) : place(inst);
}

Value Inserter::peel_condition(Value condition, bool& is_inverted) const {
  if (!simplifies()) return condition;
  for (;;) {
    const Instruction& inst = at(condition);
    if (inst.opcode != Opcode::icmp || (inst.condition() != Condition::eq && inst.condition() != Condition::ne)) break;
    if (at(inst.operands[0]).type != Type::i32 || constant(inst.operands[1]) != 0) break;
    if (inst.condition() == Condition::eq) is_inverted = !is_inverted;
    condition = inst.operands[0];
  }
  return condition;
}

}  // namespace cairn::ir

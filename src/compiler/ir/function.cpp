#include "compiler/ir/function.hpp"

#include <algorithm>

namespace cairn::ir {

namespace {

constexpr std::string_view kSimdNames[] = {
#define CAIRN_SIMD(name, text) text,
#include "compiler/ir/simd.def"
#undef CAIRN_SIMD
};

}  // namespace

std::string_view to_string(SimdOp op) { return kSimdNames[static_cast<size_t>(op)]; }

Condition swapped(Condition condition) {
  switch (condition) {
    case Condition::slt: return Condition::sgt;
    case Condition::sle: return Condition::sge;
    case Condition::sgt: return Condition::slt;
    case Condition::sge: return Condition::sle;
    case Condition::ult: return Condition::ugt;
    case Condition::ule: return Condition::uge;
    case Condition::ugt: return Condition::ult;
    case Condition::uge: return Condition::ule;
    case Condition::flt: return Condition::fgt;
    case Condition::fle: return Condition::fge;
    case Condition::fgt: return Condition::flt;
    case Condition::fge: return Condition::fle;
    case Condition::eq:
    case Condition::ne:
    case Condition::feq:
    case Condition::fne: return condition;
  }
  CAIRN_UNREACHABLE();
}

Condition inverted(Condition condition) {
  switch (condition) {
    case Condition::eq: return Condition::ne;
    case Condition::ne: return Condition::eq;
    case Condition::slt: return Condition::sge;
    case Condition::sle: return Condition::sgt;
    case Condition::sgt: return Condition::sle;
    case Condition::sge: return Condition::slt;
    case Condition::ult: return Condition::uge;
    case Condition::ule: return Condition::ugt;
    case Condition::ugt: return Condition::ule;
    case Condition::uge: return Condition::ult;
    case Condition::feq: return Condition::fne;
    case Condition::fne: return Condition::feq;
    default: CAIRN_UNREACHABLE();
  }
}

Function::Function(Arena& in)
    : arena(in),
      instructions(in),
      links(in),
      blocks(in),
      value_lists(in),
      accesses(in),
      calls(in),
      target_lists(in),
      vector_constants(in) {}

std::span<const Value> Function::params(Block block) const {
  const BlockData& data = blocks[block.index()];
  return value_lists.as_span().subspan(data.first_param, data.param_count);
}

std::span<const Value> Function::operands(Value instruction) const {
  return const_cast<Function*>(this)->operands(instruction);
}

std::span<Value> Function::operands(Value instruction) {
  Instruction& inst = instructions[instruction.index()];
  switch (inst.opcode) {
    case Opcode::call:
    case Opcode::invoke:
    case Opcode::return_call: {
      const CallInfo& call = calls[inst.extra];
      return value_lists.as_span().subspan(call.first_argument, call.argument_count);
    }
    case Opcode::return_: return value_lists.as_span().subspan(inst.extra, static_cast<size_t>(inst.immediate));
    case Opcode::add128:
    case Opcode::sub128: return value_lists.as_span().subspan(inst.extra, 4);
    case Opcode::atomic_cas: return value_lists.as_span().subspan(static_cast<size_t>(inst.immediate), 4);
    default: return std::span<Value>(inst.operands).first(facts(inst.opcode).operands);
  }
}

std::span<const Value> Function::arguments(const Target& target) const {
  return value_lists.as_span().subspan(target.first_argument, target.argument_count);
}

std::span<Value> Function::arguments(const Target& target) {
  return value_lists.as_span().subspan(target.first_argument, target.argument_count);
}

const MemoryAccess& Function::memory_access(Value instruction) const {
  return accesses[instructions[instruction.index()].extra];
}

const CallInfo& Function::call_info(Value instruction) const { return calls[instructions[instruction.index()].extra]; }

CallInfo& Function::call_info(Value instruction) { return calls[instructions[instruction.index()].extra]; }

Block Function::create_block() {
  const Block block(block_count());
  BlockData data;
  data.first_param = static_cast<uint32_t>(value_lists.size());
  blocks.push_back(data);
  return block;
}

Value Function::append_param(Block block, Type type) {
  const Value value(value_count());
  Instruction param;
  param.opcode = Opcode::block_param;
  param.type = type;
  BlockData& data = blocks[block.index()];
  param.immediate = data.param_count;
  instructions.push_back(param);
  links.push_back({Value::none(), Value::none(), block});
  if (data.first_param + data.param_count != value_lists.size()) {
    // Other values lie after the block's list of parameters, so the list moves to the end.
    const uint32_t first = static_cast<uint32_t>(value_lists.size());
    for (uint32_t i = 0; i < data.param_count; ++i) value_lists.push_back(value_lists[data.first_param + i]);
    data.first_param = first;
  }
  value_lists.push_back(value);
  ++data.param_count;
  return value;
}

Value Function::append(Block block, const Instruction& instruction) {
  const Value value(value_count());
  BlockData& data = blocks[block.index()];
  instructions.push_back(instruction);
  links.push_back({data.last, Value::none(), block});
  if (data.last) {
    links[data.last.index()].next = value;
  } else {
    data.first = value;
  }
  data.last = value;
  return value;
}

namespace {

// Puts `value`, which is in no chain, in front of `position`.
void link_before(Function& function, Value value, Value position) {
  const Function::Links at = function.links[position.index()];
  function.links[value.index()] = {at.previous, position, at.block};
  if (at.previous) {
    function.links[at.previous.index()].next = value;
  } else {
    function[at.block].first = value;
  }
  function.links[position.index()].previous = value;
}

}  // namespace

Value Function::insert_before(Value position, const Instruction& instruction) {
  const Value value(value_count());
  instructions.push_back(instruction);
  links.push_back({});
  link_before(*this, value, position);
  return value;
}

void Function::remove(Value instruction) {
  const Links at = links[instruction.index()];
  CAIRN_DEBUG_ASSERT(at.block.valid() && instructions[instruction.index()].opcode != Opcode::block_param);
  if (at.previous) {
    links[at.previous.index()].next = at.next;
  } else {
    blocks[at.block.index()].first = at.next;
  }
  if (at.next) {
    links[at.next.index()].previous = at.previous;
  } else {
    blocks[at.block.index()].last = at.previous;
  }
  links[instruction.index()] = {};
}

void Function::move_before(Value instruction, Value position) {
  if (instruction == position) return;
  remove(instruction);
  link_before(*this, instruction, position);
}

uint32_t Function::add_values(std::span<const Value> values) {
  const uint32_t first = static_cast<uint32_t>(value_lists.size());
  // `values` may lie in the storage that grows. This is safe, since the arena keeps the old storage.
  for (const Value value : values) value_lists.push_back(value);
  return first;
}

uint32_t Function::add_access(const MemoryAccess& access) {
  // Neighbouring instructions often make equal accesses, so the latest four are searched for one.
  for (size_t i = accesses.size(), tries = 0; i-- > 0 && tries < 4; ++tries) {
    if (accesses[i] == access) return static_cast<uint32_t>(i);
  }
  accesses.push_back(access);
  return static_cast<uint32_t>(accesses.size() - 1);
}

uint32_t Function::add_call(const CallInfo& call) {
  calls.push_back(call);
  return static_cast<uint32_t>(calls.size() - 1);
}

void Function::set_targets(Instruction& terminator, std::span<const Target> targets) {
  const uint32_t first = static_cast<uint32_t>(target_lists.size());
  for (const Target& target : targets) target_lists.push_back(target);
  if (terminator.opcode == Opcode::invoke) {
    CAIRN_ASSERT(targets.size() == 2);
    terminator.immediate = first;
    return;
  }
  terminator.extra = first;
  terminator.immediate = static_cast<int64_t>(targets.size());
}

int64_t Function::add_vector_constant(const V128& value) {
  vector_constants.push_back(value);
  return static_cast<int64_t>(vector_constants.size() - 1);
}

void Function::recycle() {
  instructions.recycle();
  links.recycle();
  blocks.recycle();
  value_lists.recycle();
  accesses.recycle();
  calls.recycle();
  target_lists.recycle();
  vector_constants.recycle();
}

std::span<Type> Function::add_types(size_t count) { return arena.make_span<Type>(count); }

}  // namespace cairn::ir

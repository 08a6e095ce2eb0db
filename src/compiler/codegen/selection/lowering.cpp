#include "compiler/codegen/selection/lowering.hpp"

#include <algorithm>
#include <bit>

#include "base/format.hpp"

namespace cairn::codegen {

using ir::Block;
using ir::Effects;
using ir::Instruction;
using ir::Opcode;
using ir::Value;

Lowering::Lowering(const ir::Function& function, MachineFunction& result, const ConventionRegisters& convention)
    : function_(function),
      result_(result),
      convention_(convention),
      own_layout_(layout_call(function.signature, convention, result.arena)),
      vregs_(result.arena),
      use_counts_(result.arena),
      colors_(result.arena),
      sunk_(result.arena),
      target_nodes_(result.arena),
      nodes_(result.arena),
      order_(result.arena),
      group_(result.arena),
      operand_buffer_(result.arena),
      invoke_areas_(result.arena) {}

Result<void> Lowering::run() {
  const uint32_t values = function_.value_count();
  vregs_.assign(values, VReg::none());
  use_counts_.assign(values, 0);
  colors_.assign(values, 0);
  sunk_.assign(values, false);

  result_.incoming_bytes = own_layout_.stack_bytes;
  if (own_layout_.result_area_bytes != 0) result_area_ = temporary(RegClass::integer);

  order_blocks();
  const uint32_t live = count_uses();
  result_.insts.reserve(live + live / 4);
  result_.operands.reserve(size_t{live} * 3);
  result_.vregs.reserve(live);

  for (uint32_t i = static_cast<uint32_t>(order_.size()); i-- > 0;) {
    current_block_ = MBlock(i);
    MachineBlock& block = result_.blocks[i];
    block.end_inst = static_cast<uint32_t>(result_.insts.size());  // counted from the end until finish() runs
    const Node& node = nodes_[order_[i]];
    if (node.block) {
      lower_block(node.block);
    } else {
      lower_edge(function_.target_lists[node.target]);
    }
    result_.blocks[i].first_inst = static_cast<uint32_t>(result_.insts.size());
    if (result_.arena.exhausted()) [[unlikely]] {
      return fail(Error::of(ErrorKind::limit, "function " + decimal(function_.function_index) +
                                                  ": the memory budget of a compilation, " +
                                                  decimal(uint64_t{result_.arena.budget()}) + " bytes, is exceeded"));
    }
  }
  finish();
  return {};
}

// --- Values

uint32_t Lowering::count_uses() {
  uint32_t instructions = 0;
  for (const Node& node : nodes_) {
    if (!node.block) continue;
    for (Value value = function_[node.block].first; value; value = function_.next(value)) {
      if (is_transparent(inst(value))) continue;
      ++instructions;
      for (const Value operand : function_.operands(value))
        if (operand) ++use_counts_[resolve(operand).index()];
      for (const ir::Target& target : function_.targets(value))
        for (const Value argument : function_.arguments(target)) ++use_counts_[resolve(argument).index()];
    }
  }
  return instructions;
}

Value Lowering::resolve(Value value) const {
  while (is_transparent(inst(value))) value = inst(value).operands[0];
  return value;
}

bool Lowering::is_constant(Value value) const {
  switch (inst(value).opcode) {
    case Opcode::iconst:
    case Opcode::fconst:
    case Opcode::vconst:
    case Opcode::vmctx:
    case Opcode::type_id: return true;
    default: return false;
  }
}

std::optional<int64_t> Lowering::integer_constant(Value value) const {
  // Code that is not optimized may have chains of conversions of any length, so only a few are looked through.
  constexpr int kMaximumConversions = 4;
  bool is_zero_extended = false;
  for (int i = 0; i <= kMaximumConversions; ++i) {
    const Instruction& instruction = inst(value);
    switch (instruction.opcode) {
      case Opcode::iconst: {
        const int64_t constant = instruction.type == ir::Type::i32
                                     ? int64_t{static_cast<int32_t>(instruction.immediate)}
                                     : instruction.immediate;
        return is_zero_extended ? int64_t{static_cast<uint32_t>(constant)} : constant;
      }
      case Opcode::uextend: is_zero_extended = true; break;
      case Opcode::sextend:
      case Opcode::bitcast: break;
      default: return std::nullopt;
    }
    value = instruction.operands[0];
  }
  return std::nullopt;
}

uint64_t Lowering::upper_bound(Value value, unsigned depth) const {
  const Instruction& instruction = inst(value);
  const uint64_t most = instruction.type == ir::Type::i32 ? 0xffff'ffffu : ~uint64_t{0};
  if (depth == 0) return most;
  const auto bound = [&](unsigned i) { return upper_bound(instruction.operands[i], depth - 1); };
  const auto count = [&] { return integer_constant(instruction.operands[1]); };
  const unsigned mask = instruction.type == ir::Type::i32 ? 31 : 63;  // the bits of a shift count that matter
  switch (instruction.opcode) {
    case Opcode::iconst: return static_cast<uint64_t>(instruction.immediate) & most;
    case Opcode::iand: return std::min(bound(0), bound(1));
    case Opcode::ior:
    case Opcode::ixor: {
      const uint64_t both = bound(0) | bound(1);
      return both == 0 ? 0 : (~uint64_t{0} >> std::countl_zero(both)) & most;
    }
    case Opcode::iadd: {
      uint64_t sum;
      return __builtin_add_overflow(bound(0), bound(1), &sum) ? most : (sum > most ? most : sum);
    }
    case Opcode::imul: {
      uint64_t product;
      return __builtin_mul_overflow(bound(0), bound(1), &product) ? most : std::min(product, most);
    }
    case Opcode::ushr:
      if (const auto by = count()) return bound(0) >> (*by & mask);
      return bound(0);
    case Opcode::ishl:
      if (const auto by = count()) {
        const uint64_t from = bound(0);
        const unsigned shift = static_cast<unsigned>(*by & mask);
        return from > (most >> shift) ? most : from << shift;
      }
      return most;
    case Opcode::urem:
      if (const auto by = count(); by && *by > 0) return static_cast<uint64_t>(*by) - 1;
      return bound(0);
    case Opcode::udiv:
      if (const auto by = count(); by && *by > 0) return bound(0) / static_cast<uint64_t>(*by);
      return bound(0);
    case Opcode::select: return std::max(bound(1), bound(2));
    case Opcode::checked:
    case Opcode::uextend: return bound(0);
    case Opcode::wrap: return std::min(bound(0), most);
    case Opcode::clz:
    case Opcode::ctz:
    case Opcode::popcnt: return 64;
    case Opcode::icmp:
    case Opcode::fcmp: return 1;
    case Opcode::heap_load:
    case Opcode::atomic_load:
    case Opcode::atomic_rmw:
    case Opcode::atomic_cas:
    case Opcode::load: {
      const ir::MemoryAccess& access = function_.memory_access(value);
      if (access.extension != ir::Extension::zero || access.size >= 8) return most;
      return (uint64_t{1} << (8 * access.size)) - 1;
    }
    default: return most;
  }
}

Value Lowering::second_result(Value value) const {
  const Value next = function_.next(value);
  if (next && inst(next).opcode == Opcode::result && inst(next).operands[0] == value && is_used(next)) return next;
  return Value::none();
}

bool Lowering::is_only_use(Value value) const {
  return use_counts_[value.index()] == 1 && !is_used(value) &&
         function_.block_of(value) == function_.block_of(current_) &&
         ir::facts(inst(value).opcode).effects == Effects::pure && inst(value).opcode != Opcode::block_param;
}

bool Lowering::can_sink(Value load) const {
  if (use_counts_[load.index()] != 1 || function_.block_of(load) != function_.block_of(current_)) return false;
  if (is_used(load) || ir::facts(inst(load).opcode).effects != Effects::reads) return false;
  if (colors_[load.index()] == colors_[current_.index()]) return true;
  const ir::MemoryAccess& access = function_.memory_access(load);
  return access.alias == ir::AliasClass::immutable && !access.can_fault;
}

VReg Lowering::vreg_of(Value value) {
  VReg& reg = vregs_[value.index()];
  if (!reg) reg = result_.new_vreg(class_of_type(inst(value).type));
  return reg;
}

VReg Lowering::use(Value value) {
  value = resolve(value);
  if (is_constant(value)) {
    const VReg reg = temporary(class_of_type(inst(value).type));
    emit_constant(value, reg);
    return reg;
  }
  CAIRN_DEBUG_ASSERT(!sunk_[value.index()]);
  return vreg_of(value);
}

// --- Emitting

MachineInst& Lowering::emit(uint16_t opcode, std::span<const Operand> operands, InstFlag flags) {
  MachineInst instruction;
  instruction.opcode = opcode;
  instruction.flags = flags;
  CAIRN_ASSERT(operands.size() <= 255);
  instruction.operand_count = static_cast<uint8_t>(operands.size());
  instruction.first_operand = static_cast<uint32_t>(result_.operands.size());
  instruction.position = position_;
  for (const Operand& operand : operands) result_.operands.push_back(operand);
  group_.push_back(instruction);
  return group_.back();
}

uint32_t Lowering::clobbers(const PRegSet& set) {
  for (uint32_t i = 0; i < result_.clobber_sets.size(); ++i)
    if (result_.clobber_sets[i] == set) return i;
  if (result_.clobber_sets.empty()) result_.clobber_sets.push_back(PRegSet());
  result_.clobber_sets.push_back(set);
  return static_cast<uint32_t>(result_.clobber_sets.size() - 1);
}

MBlock Lowering::successor(unsigned i) const {
  const ir::Target& target = function_.targets(current_)[i];
  return nodes_[target_nodes_[static_cast<size_t>(&target - function_.target_lists.data())]].machine_block;
}

uint32_t Lowering::add_jump_table(unsigned count) {
  const uint32_t first = static_cast<uint32_t>(result_.block_lists.size());
  for (unsigned i = 0; i < count; ++i) result_.block_lists.push_back(successor(i));
  result_.jump_tables.push_back({first, count});
  return static_cast<uint32_t>(result_.jump_tables.size() - 1);
}

uint32_t Lowering::allocate_fixed_slot(uint32_t bytes) {
  const uint32_t at = result_.fixed_slot_bytes;
  result_.fixed_slot_bytes += (bytes + 15) & ~15u;
  return at;
}

void Lowering::flush_group() {
  for (size_t i = group_.size(); i-- > 0;) result_.insts.push_back(group_[i]);
  group_.clear();
}

void Lowering::finish() {
  std::reverse(result_.insts.begin(), result_.insts.end());
  const uint32_t total = static_cast<uint32_t>(result_.insts.size());
  for (MachineBlock& block : result_.blocks) {
    block.first_inst = total - block.first_inst;
    block.end_inst = total - block.end_inst;
  }
}

// --- Blocks

// Sets colors_ for the instructions of the block.
void Lowering::number_effects(Block block) {
  uint32_t color = 0;
  for (Value value = function_[block].first; value; value = function_.next(value)) {
    colors_[value.index()] = color;
    switch (ir::facts(inst(value).opcode).effects) {
      case Effects::pure: break;
      case Effects::reads: {
        // Loads that can trap only because they are out of bounds may change places, since their traps look the same. A
        // load that may trap for another reason is an effect that other loads cannot pass.
        const ir::MemoryAccess& access = function_.memory_access(value);
        if (access.can_fault && access.trap != wasm::TrapKind::out_of_bounds_memory_access) ++color;
        break;
      }
      default: ++color;
    }
  }
}

void Lowering::lower_block(Block block) {
  number_effects(block);
  for (Value value = function_.terminator(block); value; value = function_.previous(value)) {
    const Instruction& instruction = inst(value);
    switch (instruction.opcode) {
      case Opcode::iconst:
      case Opcode::fconst:
      case Opcode::vconst:
      case Opcode::vmctx:
      case Opcode::type_id:
      case Opcode::block_param:
      case Opcode::invoke_result:
      case Opcode::caught:
      case Opcode::result: continue;
      default: break;
    }
    if (sunk_[value.index()] || is_transparent(instruction)) continue;
    current_ = value;
    position_ = instruction.position;
    switch (ir::facts(instruction.opcode).effects) {
      case Effects::pure:
        if (is_used(value) || second_result(value)) {
          lower_instruction(value);
        } else {
          // The instruction is dead, so its operands have one user less.
          for (const Value operand : function_.operands(value))
            if (operand) --use_counts_[resolve(operand).index()];
        }
        break;
      case Effects::trapping:
      case Effects::reads:
      case Effects::writes:
      case Effects::atomic: lower_instruction(value); break;
      case Effects::call: lower_call(value); break;
      case Effects::control:
        switch (instruction.opcode) {
          case Opcode::jump:
            pass_arguments(function_.targets(value)[0]);
            emit_jump(successor(0));
            break;
          case Opcode::return_: lower_return(value); break;
          case Opcode::return_call: lower_tail_call(value); break;
          case Opcode::invoke: lower_invoke(value); break;
          default:
            if (function_.targets(value).empty() || result_.blocks[current_block_.index()].successor_count > 1) {
              lower_terminator(value);
            } else {  // all targets are the same block
              for (const Value operand : function_.operands(value)) --use_counts_[resolve(operand).index()];
              emit_jump(successor(0));
            }
            break;
        }
        break;
    }
    flush_group();
  }
  load_invoke_results(block);
  if (block.index() == 0) {
    lower_entry();
    flush_group();
    return;
  }
  // All instructions that may use a parameter have been lowered by now, so unused parameters are left out. A loop
  // header keeps all of its parameters, because the back edges have passed an argument for each already.
  MachineBlock& machine_block = result_.blocks[current_block_.index()];
  machine_block.first_param = static_cast<uint32_t>(result_.reg_lists.size());
  for (const Value param : function_.params(block)) {
    if (!machine_block.is_loop_header && !is_used(param)) continue;
    result_.reg_lists.push_back(vreg_of(param));
    ++machine_block.param_count;
  }
}

void Lowering::lower_edge(const ir::Target& target) {
  position_ = 0;
  pass_arguments(target);
  emit_jump(result_.successors(result_.blocks[current_block_.index()])[0]);
  flush_group();
}

void Lowering::pass_arguments(const ir::Target& target) {
  const MBlock to = result_.successors(result_.blocks[current_block_.index()])[0];
  const bool all = result_.blocks[to.index()].is_loop_header;
  const std::span<const Value> params = function_.params(target.block);
  const std::span<const Value> arguments = function_.arguments(target);
  const uint32_t first = static_cast<uint32_t>(result_.reg_lists.size());
  for (size_t i = 0; i < arguments.size(); ++i)
    if (all || is_used(params[i])) result_.reg_lists.push_back(use(arguments[i]));
  MachineBlock& block = result_.blocks[current_block_.index()];
  block.first_argument = first;
  block.argument_count = static_cast<uint32_t>(result_.reg_lists.size()) - first;
}

}  // namespace cairn::codegen

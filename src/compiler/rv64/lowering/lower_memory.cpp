// Selects instructions for loads and stores of guest memory and of the runtime's data, and for addresses.
#include <bit>

#include "base/assert.hpp"
#include "compiler/ir/effects.hpp"
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using ir::Extension;
using ir::MemoryAccess;
using ir::Opcode;
using ir::Type;
using ir::Value;

Op Lower::load_op(Type type, const MemoryAccess& access) const {
  if (type == Type::f32) return Op::flw;
  if (type == Type::f64) return Op::fld;
  const bool is_signed = access.extension == Extension::sign;
  switch (access.size) {
    case 1: return is_signed ? Op::lb : Op::lbu;
    case 2: return is_signed ? Op::lh : Op::lhu;
    case 4: return type == Type::i32 || is_signed ? Op::lw : Op::lwu;
    default: return Op::ld;
  }
}

Op Lower::store_op(Type type, const MemoryAccess& access) const {
  if (type == Type::f32) return Op::fsw;
  if (type == Type::f64) return Op::fsd;
  switch (access.size) {
    case 1: return Op::sb;
    case 2: return Op::sh;
    case 4: return Op::sw;
    default: return Op::sd;
  }
}

void Lower::set_trap(MachineInst& m, const MemoryAccess& access) {
  if (access.can_fault) m.condition = payload_of(access.trap);
}

bool Lower::lower_memory(Value value) {
  const ir::Instruction& instruction = inst(value);
  const bool is_store = instruction.opcode == Opcode::store;
  if (!is_store && instruction.opcode != Opcode::load) {
    if (!ir::is_heap_access(instruction.opcode)) return false;
    lower_heap(value);
    return true;
  }
  const MemoryAccess& access = function_.memory_access(value);
  // A load of the runtime's data that is not used and cannot trap is left out.
  if (!is_store && !is_used(value) && !access.can_fault) return true;
  const Value base = instruction.operands[0];
  const Value stored = is_store ? instruction.operands[1] : Value::none();
  const Type type = is_store ? inst(stored).type : instruction.type;
  if (type == Type::v128) {
    const Address address = displaced(base ? Reg(use(base)) : Reg(kVMContext), instruction.immediate);
    lower_vector_access(value, address);
    return true;
  }
  if (is_store) {
    const Reg source = ir::is_float(type) ? Reg(use(stored))
                       : access.size <= 4 ? use_low_or_zero(stored)
                                          : use_or_zero(stored);
    const Address address = displaced(base ? Reg(use(base)) : Reg(kVMContext), instruction.immediate);
    set_trap(store(store_op(type, access), source, address), access);
  } else {
    const Address address = displaced(base ? Reg(use(base)) : Reg(kVMContext), instruction.immediate);
    set_trap(load(load_op(type, access), def(value), address), access);
  }
  return true;
}

// Returns base + offset as an address whose displacement fits the instruction.
Lower::Address Lower::displaced(Reg base, int64_t offset) {
  if (fits_signed(offset, 12)) return {base, static_cast<int32_t>(offset)};
  const int64_t low = static_cast<int64_t>(static_cast<uint64_t>(offset) << 52) >> 52;
  const VReg high = immediate(static_cast<int64_t>(static_cast<uint64_t>(offset) - static_cast<uint64_t>(low)));
  return {op3(Op::add, base, high), static_cast<int32_t>(low)};
}

// Splits the address operand of an access into a key, which may have to be zero-extended, and a constant. The test for
// an i32 comes before resolve(), because resolve() looks through sign-extensions and can give an i32 for an operand of
// 64 bits.
Lower::AddressParts Lower::split_address(Value address) const {
  const bool wide = !is_i32(address);
  AddressParts parts;
  parts.key = resolve(address);
  if (wide) {
    while (inst(parts.key).opcode == Opcode::iadd && !is_i32(parts.key)) {
      const auto constant = integer_constant(inst(parts.key).operands[1]);
      if (!constant) break;
      parts.constant = static_cast<int64_t>(static_cast<uint64_t>(parts.constant) + static_cast<uint64_t>(*constant));
      parts.key = resolve(inst(parts.key).operands[0]);
    }
    if (inst(parts.key).opcode == Opcode::uextend) {
      parts.key = resolve(inst(parts.key).operands[0]);
      parts.zero_extend = true;
    }
    parts.shared = parts.zero_extend || !is_i32(parts.key);
  } else {
    parts.zero_extend = parts.shared = true;
    while (inst(parts.key).opcode == Opcode::iadd) {
      const auto constant = integer_constant(inst(parts.key).operands[1]);
      if (!constant || *constant < 0) break;
      const Value rest = resolve(inst(parts.key).operands[0]);
      if (upper_bound(rest) + static_cast<uint64_t>(*constant) > 0xffff'ffff) break;
      parts.constant += *constant;
      parts.key = rest;
    }
  }
  return parts;
}

// The accesses of a block to memory 0 whose addresses have the same key share the sum of base and key, up to the next
// call. Lowering goes bottom-up, so the last access of a group asks for the sum first, and the first access of the
// group, the leader, computes it.
void Lower::find_shared_addresses() {
  scanned_block_ = current_block();
  ++segment_;
  unsigned distance = 0;
  for (Value v = function_[function_.block_of(current())].first; v; v = function_.next(v)) {
    const ir::Instruction& instruction = inst(v);
    if (ir::is_any_call(instruction.opcode)) ++segment_;
    if (++distance == 96) ++segment_, distance = 0;  // the register of a sum is live for at most 96 instructions
    if (!ir::is_heap_access(instruction.opcode) || function_.operands(v)[1]) continue;
    const AddressParts parts = split_address(function_.operands(v)[0]);
    if (!parts.shared) continue;
    const uint32_t key = parts.key.index();
    if (latest_segment_[key] == segment_) {
      address_leader_[v.index()] = address_leader_[latest_access_[key].index()];
    } else {
      address_leader_[v.index()] = v;
      latest_segment_[key] = segment_;
    }
    latest_access_[key] = v;
  }
}

// Returns the address base + address + offset, where an address of 32 bits is zero-extended. Without `base_value`, the
// base is the pinned register of memory 0.
Lower::Address Lower::heap_address(Value address, Value base_value, uint64_t offset) {
  const Reg base = base_value ? Reg(use(base_value)) : Reg(kMemoryBase);
  const AddressParts parts = split_address(address);
  const int64_t displacement = static_cast<int64_t>(offset + static_cast<uint64_t>(parts.constant));
  if (const auto constant = integer_constant(parts.key)) {
    const uint64_t extended = parts.zero_extend ? static_cast<uint32_t>(*constant) : static_cast<uint64_t>(*constant);
    return displaced(base, static_cast<int64_t>(extended + static_cast<uint64_t>(displacement)));
  }
  VReg sum;
  const Value leader = address_leader_[current().index()];
  if (leader) {
    VReg& shared = address_of_leader_[leader.index()];
    if (!shared) shared = temporary(RegClass::integer);
    sum = shared;
  } else {
    sum = temporary(RegClass::integer);
  }
  if (!leader || leader == current()) {
    if (!parts.zero_extend) {
      if (!add_address(sum, base, parts.key)) op3(Op::add, sum, base, use(parts.key));
    } else if (is_non_negative(parts.key)) {
      op3(Op::add, sum, base, use(parts.key));
    } else if (cpu_.zba) {
      op3(Op::add_uw, sum, use_low(parts.key), base);
    } else {
      const VReg extended = temporary(RegClass::integer);
      zero_extend(extended, use_low(parts.key));
      op3(Op::add, sum, base, extended);
    }
  }
  return displaced(sum, displacement);
}

void Lower::lower_heap(Value value) {
  if (scanned_block_ != current_block()) find_shared_addresses();
  const ir::Instruction& instruction = inst(value);
  const MemoryAccess& access = function_.memory_access(value);
  const std::span<const Value> operands = function_.operands(value);
  const Address address = heap_address(operands[0], operands[1], access.offset);
  if (ir::facts(instruction.opcode).effects == ir::Effects::atomic) return lower_atomic(value, address);
  const bool is_store = instruction.opcode == Opcode::heap_store;
  const Type type = is_store ? inst(instruction.operands[2]).type : instruction.type;
  if (type == Type::v128 || (!is_store && instruction.opcode != Opcode::heap_load)) {
    lower_vector_access(value, address);
  } else if (is_store) {
    const Value stored = instruction.operands[2];
    const Reg source = ir::is_float(type) ? Reg(use(stored))
                       : access.size <= 4 ? use_low_or_zero(stored)
                                          : use_or_zero(stored);
    set_trap(store(store_op(type, access), source, address), access);
  } else {
    set_trap(load(load_op(type, access), def(value), address), access);
  }
}

// The result is base + index * element size, where the size is a power of two.
void Lower::lower_array_address(Value value) {
  const ir::Instruction& instruction = inst(value);
  const unsigned shift = static_cast<unsigned>(std::countr_zero(static_cast<uint64_t>(instruction.immediate)));
  const Value index = instruction.operands[1];
  const bool extend = is_i32(index) && !is_non_negative(index);
  const VReg base = use(instruction.operands[0]);
  VReg offset = extend ? use_low(index) : use(index);
  if (cpu_.zba && shift <= 3) {
    constexpr Op kZero32[] = {Op::add_uw, Op::sh1add_uw, Op::sh2add_uw, Op::sh3add_uw};
    constexpr Op kPlain[] = {Op::add, Op::sh1add, Op::sh2add, Op::sh3add};
    op3(extend ? kZero32[shift] : kPlain[shift], def(value), offset, base);
    return;
  }
  if (cpu_.zba && extend) {
    offset = opi(Op::slli_uw, offset, shift);
  } else if (extend) {
    offset = opi(Op::slli, offset, 32);
    offset = opi(Op::srli, offset, 32 - shift);
  } else if (shift != 0) {
    offset = opi(Op::slli, offset, shift);
  }
  op3(Op::add, def(value), base, offset);
}

}  // namespace cairn::rv64

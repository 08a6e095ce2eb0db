// Lowers loads, stores and addresses.
#include <bit>

#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using codegen::InstFlag;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using ir::Type;
using ir::Value;

namespace {

constexpr bool fits32(int64_t value) { return value == static_cast<int32_t>(value); }

Extend extend_of(Type type, const MemoryAccess& access) {
  const bool sign = access.extension == ir::Extension::sign;
  const bool wide = type == Type::i64;
  switch (access.size) {
    case 1: return !sign ? Extend::zero8 : wide ? Extend::sign8_64 : Extend::sign8_32;
    case 2: return !sign ? Extend::zero16 : wide ? Extend::sign16_64 : Extend::sign16_32;
    case 4: return sign && wide ? Extend::sign32_64 : Extend::none;
    default: return Extend::none;
  }
}

}  // namespace

bool X64Lowering::add_displacement(AddressMode& address, int64_t value) {
  int64_t sum;
  if (__builtin_add_overflow(int64_t{address.displacement}, value, &sum) || !fits32(sum)) return false;
  address.displacement = static_cast<int32_t>(sum);
  return true;
}

void X64Lowering::fold_index(AddressMode& address, Value value) {
  // Each step moves one constant from `value` to the address. Additions and shifts of i64 wrap around as the address
  // does. Additions and shifts of i32 must be known not to wrap around.
  for (unsigned step = 0; step < 4; ++step) {
    value = resolve(value);
    const Instruction& instruction = inst(value);
    const bool narrow = instruction.type == Type::i32;
    if (const auto constant = integer_constant(value)) {
      const int64_t bytes = narrow ? int64_t{static_cast<uint32_t>(*constant)} : *constant;
      int64_t scaled;
      if (!__builtin_mul_overflow(bytes, int64_t{1} << address.scale, &scaled) && add_displacement(address, scaled)) {
        address.scale = 0;
        return;
      }
      break;
    }
    if (instruction.opcode == Opcode::iadd) {
      const auto constant = integer_constant(instruction.operands[1]);
      if (!constant) break;
      int64_t bytes = *constant;
      if (narrow) {
        bytes = static_cast<uint32_t>(bytes);
        if (upper_bound(instruction.operands[0]) + static_cast<uint64_t>(bytes) > 0xffff'ffff) break;
      }
      int64_t scaled;
      if (__builtin_mul_overflow(bytes, int64_t{1} << address.scale, &scaled) || !add_displacement(address, scaled))
        break;
      value = instruction.operands[0];
      continue;
    }
    if (instruction.opcode == Opcode::ishl) {
      const auto count = integer_constant(instruction.operands[1]);
      if (!count || *count < 0 || *count + address.scale > 3) break;
      if (narrow && upper_bound(instruction.operands[0]) > (0xffff'ffffu >> *count)) break;
      address.scale = static_cast<uint8_t>(address.scale + *count);
      value = instruction.operands[0];
      continue;
    }
    break;
  }
  address.index = use(value);
}

AddressMode X64Lowering::address_of(Value access_value) {
  const Instruction& instruction = inst(access_value);
  const MemoryAccess& access = function_.memory_access(access_value);
  AddressMode address;
  address.traps = access.can_fault;
  address.trap_kind = static_cast<uint8_t>(access.trap);

  // The runtime's data: the address is a base, or else the VMContext, plus a constant offset.
  if (instruction.opcode == Opcode::load || instruction.opcode == Opcode::store) {
    const int64_t offset = instruction.immediate;
    const Value base = instruction.operands[0] ? resolve(instruction.operands[0]) : Value::none();
    if (!base || inst(base).opcode == Opcode::vmctx) {
      address.base = Base::context;
    } else if (inst(base).opcode == Opcode::array_address && inst(base).immediate <= 8 && !address.traps) {
      address.base = Base::reg;
      address.base_reg = use(inst(base).operands[0]);
      address.scale = static_cast<uint8_t>(std::countr_zero(static_cast<uint64_t>(inst(base).immediate)));
      fold_index(address, inst(base).operands[1]);
    } else {
      address.base = Base::reg;
      address.base_reg = use(base);
    }
    if (!add_displacement(address, offset)) {
      // An offset beyond 2 GiB does not fit the displacement, so it goes into an index register.
      AddressMode far = address;
      if (address.index) {
        const VReg near = temporary(RegClass::integer);
        put_address(Op::lea, {Operand::def(near)}, address);
        far.base = Base::reg;
        far.base_reg = near;
        far.displacement = 0;
      }
      far.index = temporary(RegClass::integer);
      far.scale = 0;
      put_mov_imm(far.index, static_cast<uint64_t>(offset));
      return far;
    }
    return address;
  }

  // Guest memory: the address is the base of the memory, plus the guest's address, plus a constant offset.
  const std::span<const Value> operands = function_.operands(access_value);
  if (operands[1]) {
    address.base = Base::reg;
    address.base_reg = use(operands[1]);
  } else {
    address.base = Base::memory;
  }
  const Value index = operands[0];
  if (access.offset > 0x7fff'ffff) {
    const VReg offset = temporary(RegClass::integer);
    put_mov_imm(offset, access.offset);
    const VReg sum = temporary(RegClass::integer);
    const VReg index_reg = use(index);
    put(Op::add_rr, {Operand::def(sum), Operand::use(offset), Operand::use_any(index_reg)});
    address.index = sum;
    return address;
  }
  address.displacement = static_cast<int32_t>(access.offset);
  fold_index(address, index);
  return address;
}

bool X64Lowering::can_fold_load(Value value, unsigned size) const {
  const Opcode opcode = inst(value).opcode;
  if ((opcode != Opcode::heap_load && opcode != Opcode::load) || !can_sink(value)) return false;
  const MemoryAccess& access = function_.memory_access(value);
  if (access.size != size || width(inst(value).type) != size) return false;
  // An instruction with a memory operand raises the trap out_of_bounds_memory_access, so a load with another trap kind
  // stays an instruction of its own.
  return !access.can_fault || access.trap == wasm::TrapKind::out_of_bounds_memory_access;
}

std::optional<AddressMode> X64Lowering::fold_load(Value value, unsigned size) {
  value = resolve(value);
  if (!can_fold_load(value, size)) return std::nullopt;
  sink(value);
  return address_of(value);
}

void X64Lowering::lower_load(Value value) {
  const Instruction& instruction = inst(value);
  const MemoryAccess& access = function_.memory_access(value);
  const VReg result = def(value);
  const AddressMode address = address_of(value);
  if (ir::is_integer(instruction.type)) {
    MachineInst& load = put_address(Op::load, {Operand::def(result)}, address, access.size);
    load.extra = static_cast<uint8_t>(extend_of(instruction.type, access));
    load.condition = address.trap_kind;
  } else {
    put_address(Op::load_x, {Operand::def(result)}, address, access.size).condition = address.trap_kind;
  }
}

// Lowers store(a, op(load(a), b)) to `op [a], b`. Returns false for other stores.
bool X64Lowering::lower_read_modify_write(Value store) {
  const Instruction& instruction = inst(store);
  const MemoryAccess& access = function_.memory_access(store);
  const bool heap = instruction.opcode == Opcode::heap_store;
  Value stored = resolve(instruction.operands[heap ? 2 : 1]);
  if (!ir::is_integer(inst(stored).type) || width(inst(stored).type) != access.size || !is_only_use(stored))
    return false;
  Alu op;
  switch (inst(stored).opcode) {
    case Opcode::iadd: op = Alu::add; break;
    case Opcode::isub: op = Alu::sub; break;
    case Opcode::iand: op = Alu::and_; break;
    case Opcode::ior: op = Alu::or_; break;
    case Opcode::ixor: op = Alu::xor_; break;
    default: return false;
  }
  const auto is_same_place = [&](Value load) {
    const Instruction& other = inst(load);
    if (other.opcode != (heap ? Opcode::heap_load : Opcode::load) || !can_fold_load(load, access.size)) return false;
    const MemoryAccess& from = function_.memory_access(load);
    return other.operands[0] == instruction.operands[0] && from.offset == access.offset && from.index == access.index &&
           from.alias == access.alias &&
           (heap ? other.operands[1] == instruction.operands[1] : other.immediate == instruction.immediate);
  };
  Value load = resolve(inst(stored).operands[0]);
  Value other = inst(stored).operands[1];
  if (!is_same_place(load)) {
    if (op == Alu::sub) return false;
    std::swap(load, other);
    load = resolve(load);
    if (!is_same_place(load)) return false;
  }
  sink(load);
  const unsigned size = access.size;
  auto immediate = immediate32(other);
  if (immediate) {
    const AddressMode address = address_of(store);
    MachineInst& result = put_address(Op::alu_mi, {}, address, size);
    result.extra = static_cast<uint8_t>(op);
    result.immediate = *immediate;
  } else {
    const VReg source = size == 4 ? use_low(other) : use(other);
    const AddressMode address = address_of(store);
    put_address(Op::alu_mr, {Operand::use(source)}, address, size).extra = static_cast<uint8_t>(op);
  }
  return true;
}

// Lowers a store to a read-modify-write instruction, a store of a constant, or a store of a register.
void X64Lowering::lower_store(Value store) {
  const Instruction& instruction = inst(store);
  const MemoryAccess& access = function_.memory_access(store);
  if (lower_read_modify_write(store)) return;
  Value stored = instruction.operands[instruction.opcode == Opcode::heap_store ? 2 : 1];
  const auto constant_value = integer_constant(stored);
  stored = resolve(stored);
  const Type type = inst(stored).type;
  if (!ir::is_integer(type)) {
    const Instruction& constant = inst(stored);
    if (constant.opcode == Opcode::fconst && (type == Type::f32 || fits32(constant.immediate))) {
      const AddressMode address = address_of(store);
      MachineInst& result = put_address(Op::store_imm, {}, address, access.size);
      result.immediate = static_cast<int32_t>(constant.immediate);
      result.condition = address.trap_kind;
      return;
    }
    const VReg source = use(stored);
    const AddressMode address = address_of(store);
    put_address(Op::store_x, {Operand::use(source)}, address, access.size).condition = address.trap_kind;
    return;
  }
  if (constant_value && (access.size < 8 || fits32(*constant_value))) {
    const AddressMode address = address_of(store);
    MachineInst& result = put_address(Op::store_imm, {}, address, access.size);
    result.immediate = static_cast<int32_t>(*constant_value);
    result.condition = address.trap_kind;
    return;
  }
  // A narrow store reads only the low bits, so masks and extensions that do not change these bits are skipped.
  if (access.size < 4) {
    const int64_t mask = access.size == 1 ? 0xff : 0xffff;
    for (;;) {
      const Instruction& made = inst(stored);
      if (made.opcode == Opcode::iand) {
        const auto constant = integer_constant(made.operands[1]);
        if (!constant || (*constant & mask) != mask) break;
      } else if (made.opcode != Opcode::sext16 && made.opcode != Opcode::wrap && made.opcode != Opcode::sextend &&
                 (made.opcode != Opcode::sext8 || access.size != 1)) {
        break;
      }
      stored = resolve(made.operands[0]);
    }
  }
  const VReg source = access.size <= 4 ? use_low(stored) : use(stored);
  const AddressMode address = address_of(store);
  put_address(Op::store, {Operand::use(source)}, address, access.size).condition = address.trap_kind;
}

void X64Lowering::lower_array_address(Value value) {
  const Instruction& instruction = inst(value);
  AddressMode address;
  address.base = Base::reg;
  address.base_reg = use(instruction.operands[0]);
  if (instruction.immediate <= 8) {
    address.scale = static_cast<uint8_t>(std::countr_zero(static_cast<uint64_t>(instruction.immediate)));
    fold_index(address, instruction.operands[1]);
  } else {
    const VReg index = use(instruction.operands[1]);
    address.index = temporary(RegClass::integer);
    MachineInst& shift = put(Op::shift_i, {Operand::def_reuse(address.index, 1), Operand::use(index)}, 8);
    shift.extra = static_cast<uint8_t>(Shift::shl);
    shift.immediate = std::countr_zero(static_cast<uint64_t>(instruction.immediate));
  }
  put_address(Op::lea, {Operand::def(def(value))}, address);
}

}  // namespace cairn::x64

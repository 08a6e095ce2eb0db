// Dispatches the instructions of the IR to the files that lower them, lowers constants, and has the helpers of all
// rules.
#include "compiler/x64/lowering/lower.hpp"

#include <cstring>

namespace cairn::x64 {

using codegen::InstFlag;
using ir::Instruction;
using ir::Opcode;
using ir::Type;
using ir::Value;

X64Lowering::X64Lowering(const ir::Function& function, codegen::MachineFunction& result,
                         const compiler::Options& options)
    : Lowering(function, result, kConvention), options_(options), cpu_(options.cpu) {}

bool X64Lowering::is_transparent(const Instruction& instruction) const {
  return instruction.opcode == Opcode::uextend ||
         (instruction.opcode == Opcode::bitcast && ir::is_integer(instruction.type) &&
          ir::is_integer(inst(instruction.operands[0]).type));
}

// --- Helpers

MachineInst& X64Lowering::put(Op op, const Operands& operands, unsigned size, InstFlag flags) {
  MachineInst& result = emit(static_cast<uint16_t>(op), operands.span(), flags);
  result.size = static_cast<uint8_t>(size);
  return result;
}

MachineInst& X64Lowering::put_address(Op op, Operands operands, const AddressMode& address, unsigned size,
                                      InstFlag flags) {
  if (address.base == Base::reg) operands.add(Operand::use(address.base_reg));
  if (address.index) operands.add(Operand::use(address.index));
  MachineInst& result = put(op, operands, size, flags);
  result.scale = AddressBits::pack(address.base, address.index.valid(), address.scale, address.traps);
  result.displacement = address.displacement;
  return result;
}

Value X64Lowering::low_source(Value value) const {
  value = resolve(value);
  while (inst(value).opcode == Opcode::wrap) value = resolve(inst(value).operands[0]);
  return value;
}

VReg X64Lowering::use_low(Value value) {
  value = resolve(value);
  if (const auto constant = integer_constant(value)) {
    const VReg result = temporary(codegen::class_of_type(inst(value).type));
    put_mov_imm(result, static_cast<uint32_t>(*constant));
    return result;
  }
  return use(low_source(value));
}

std::optional<int32_t> X64Lowering::immediate32(Value value) const {
  const auto constant = integer_constant(value);
  if (!constant || *constant != static_cast<int32_t>(*constant)) return std::nullopt;
  return static_cast<int32_t>(*constant);
}

void X64Lowering::put_mov_imm(VReg result, uint64_t value) {
  put(Op::mov_imm, {Operand::def(result)}, 8, InstFlag::rematerializable).immediate = static_cast<int64_t>(value);
}

AddressMode X64Lowering::constant_address(const void* bytes, unsigned size) {
  std::array<std::byte, 16> constant{};
  std::memcpy(constant.data(), bytes, size);
  AddressMode address;
  address.base = Base::constant;
  address.scale = size == 4 ? 0 : size == 8 ? 1 : 2;
  // A constant that is needed again is most likely among the latest four.
  for (size_t i = result_.constants.size(), tries = 0; i-- > 0 && tries < 4; ++tries) {
    if (result_.constants[i] == constant) {
      address.displacement = static_cast<int32_t>(i);
      return address;
    }
  }
  address.displacement = static_cast<int32_t>(result_.constants.size());
  result_.constants.push_back(constant);
  return address;
}

void X64Lowering::emit_constant(Value value, VReg result) {
  const Instruction& instruction = inst(value);
  switch (instruction.opcode) {
    case Opcode::iconst:
      put_mov_imm(result, instruction.type == Type::i32 ? static_cast<uint32_t>(instruction.immediate)
                                                        : static_cast<uint64_t>(instruction.immediate));
      return;
    case Opcode::vmctx: put(Op::mov_context, {Operand::def(result)}, 8, InstFlag::rematerializable); return;
    case Opcode::type_id:
      put(Op::type_id, {Operand::def(result)}, 4, InstFlag::rematerializable).immediate = instruction.immediate;
      return;
    case Opcode::fconst:
    case Opcode::vconst: {
      ir::V128 bytes{};
      const unsigned size = width(instruction.type);
      if (instruction.opcode == Opcode::fconst) {
        std::memcpy(bytes.data(), &instruction.immediate, size);
      } else {
        bytes = function_.vector_constants[static_cast<size_t>(instruction.immediate)];
      }
      bool zeros = true, ones = size == 16;
      for (unsigned i = 0; i < size; ++i) {
        zeros &= bytes[i] == std::byte{0};
        ones &= bytes[i] == std::byte{0xff};
      }
      if (zeros || ones) {
        put(zeros ? Op::zero_x : Op::ones_x, {Operand::def(result)}, 16, InstFlag::rematerializable);
      } else {
        put_address(Op::load_x, {Operand::def(result)}, constant_address(bytes.data(), size), size,
                    InstFlag::rematerializable);
      }
      return;
    }
    default: CAIRN_UNREACHABLE();
  }
}

// --- Dispatch

void X64Lowering::lower_instruction(Value value) {
  switch (inst(value).opcode) {
    case Opcode::iadd: return lower_add(value);
    case Opcode::isub: return lower_alu(value, Alu::sub, false);
    case Opcode::iand: return lower_alu(value, Alu::and_, true);
    case Opcode::ior: return lower_alu(value, Alu::or_, true);
    case Opcode::ixor: return lower_alu(value, Alu::xor_, true);
    case Opcode::imul: return lower_multiply(value);
    case Opcode::sdiv:
    case Opcode::udiv:
    case Opcode::srem:
    case Opcode::urem: return lower_divide(value);
    case Opcode::ishl:
    case Opcode::sshr:
    case Opcode::ushr: return lower_shift(value);
    case Opcode::rotl:
    case Opcode::rotr: return lower_rotate(value);
    case Opcode::clz:
    case Opcode::ctz:
    case Opcode::popcnt: return lower_bit_count(value);
    case Opcode::sext8:
    case Opcode::sext16:
    case Opcode::sext32:
    case Opcode::sextend:
    case Opcode::wrap: return lower_extend(value);
    case Opcode::icmp:
    case Opcode::fcmp: return lower_set(value);
    case Opcode::select: return lower_select(value);
    case Opcode::add128:
    case Opcode::sub128:
    case Opcode::mul_wide_s:
    case Opcode::mul_wide_u: return lower_wide(value);
    case Opcode::fadd:
    case Opcode::fsub:
    case Opcode::fmul:
    case Opcode::fdiv:
    case Opcode::fmin:
    case Opcode::fmax:
    case Opcode::fcopysign:
    case Opcode::fabs:
    case Opcode::fneg:
    case Opcode::fsqrt:
    case Opcode::fceil:
    case Opcode::ffloor:
    case Opcode::ftrunc:
    case Opcode::fnearest:
    case Opcode::fpromote:
    case Opcode::fdemote: return lower_float(value);
    case Opcode::trunc_s:
    case Opcode::trunc_u:
    case Opcode::trunc_sat_s:
    case Opcode::trunc_sat_u: return lower_trunc(value);
    case Opcode::convert_s:
    case Opcode::convert_u: return lower_convert(value);
    case Opcode::bitcast: return lower_bitcast(value);
    case Opcode::simd_unary:
    case Opcode::simd_binary:
    case Opcode::simd_ternary:
    case Opcode::simd_shuffle:
    case Opcode::simd_extract:
    case Opcode::simd_replace: return lower_vector(value);
    case Opcode::heap_load:
    case Opcode::load: return lower_load(value);
    case Opcode::heap_store:
    case Opcode::store: return lower_store(value);
    case Opcode::heap_load_lane:
    case Opcode::heap_store_lane:
    case Opcode::heap_load_splat:
    case Opcode::heap_load_zero:
    case Opcode::heap_load_extend: return lower_vector_memory(value);
    case Opcode::array_address: return lower_array_address(value);
    case Opcode::gc_address:
    case Opcode::gc_bits:
    case Opcode::gc_from_bits: return lower_reference(value);
    case Opcode::gc_new: return lower_gc_new(value);
    case Opcode::gc_barrier: return lower_gc_barrier(value);
    case Opcode::trap_if:
    case Opcode::trap_unless: return lower_trap_if(value);
    case Opcode::checked: return lower_checked(value);
    case Opcode::atomic_load: return lower_load(value);  // loads of x86-64 are in order
    case Opcode::atomic_store: return lower_atomic_store(value);
    case Opcode::atomic_rmw: return lower_atomic_rmw(value);
    case Opcode::atomic_cas: return lower_atomic_cas(value);
    case Opcode::fence: put(Op::fence, {}); return;
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::x64

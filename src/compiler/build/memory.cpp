// Builds accesses to linear memories, and instructions on ranges of them.
//
// With BoundsMode::guard, an access to a 32-bit memory with 64 KiB pages needs no check if its static offset is below
// abi::kGuardBytes: the guard after the memory catches it. All other accesses get checks. With `end` = static offset +
// size of the access:
//
//   32-bit addresses:  checked zext(address) + end <= length         cannot overflow in 64 bits
//   64-bit addresses:  checked end <= length                         left out if the memory's minimum is at least `end`
//                      checked address <= length - end
//
// A constant address needs no check if the access is within the memory's minimum.
#include "compiler/build/builder.hpp"
#include "compiler/options/bounds.hpp"

namespace cairn::compiler {

using abi::Builtin;
using ir::AliasClass;
using ir::Condition;
using ir::Extension;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using wasm::AddressType;
using wasm::TrapKind;
using WasmOp = wasm::Opcode;

namespace {

// A static offset below this limit (in bytes) stays in the access, and targets fold it into an addressing mode. A
// larger one is added to the address.
constexpr uint64_t kStaticOffsetLimit = abi::kGuardBytes;

// Returns a lower bound of the memory's length in bytes.
uint64_t least_bytes(const wasm::MemoryType& type) {
  // The length of the largest 64-bit memories does not fit in 64 bits. The largest number that does fit is a lower
  // bound as well.
  const uint64_t limit = ~uint64_t{0} >> type.page_size_log2;
  return type.limits.minimum > limit ? ~uint64_t{0} : type.limits.minimum << type.page_size_log2;
}

}  // namespace

ir::Value Builder::memory_length(wasm::MemoryIndex index) {
  const wasm::Memory& memory = module_.memories[index.index()];
  if (memory.type.limits.maximum == memory.type.limits.minimum) {
    return insert_.iconst(Type::i64, static_cast<int64_t>(least_bytes(memory.type)));
  }
  MemoryAccess access;
  access.size = 8;
  access.index = index.index();
  access.alias = AliasClass::memory_length;
  constexpr int64_t kLength = offsetof(abi::VMMemory, length);
  const bool is_shared = memory.type.sharedness == wasm::Sharedness::shared;
  if (!memory.is_imported && !is_shared) {
    const uint64_t record = context_.layout().defined_memory(index.index() - module_.imported_memories);
    return insert_.load(Type::i64, Value::none(), static_cast<int64_t>(record) + kLength, access);
  }
  MemoryAccess pointer;
  pointer.size = 8;
  pointer.alias = AliasClass::immutable;
  const Value record = insert_.load(Type::i64, Value::none(),
                                    static_cast<int64_t>(context_.layout().memory_pointer(index.index())), pointer);
  return insert_.load(Type::i64, record, kLength, access);
}

// Returns none for memory 0, whose base is in a register.
ir::Value Builder::memory_base(wasm::MemoryIndex index) {
  if (index.index() == 0) return Value::none();
  MemoryAccess access;
  access.size = 8;
  access.alias = AliasClass::immutable;
  return insert_.load(Type::i64, Value::none(), static_cast<int64_t>(context_.layout().memory_base(index.index())),
                      access);
}

// Places the checks of an access, of `size` bytes, that guard pages do not bound. Returns the address to be used, to
// which `offset`, the static offset, is still to be added. Sets `offset` to zero if it is contained in the address
// already.
ir::Value Builder::check_address(const wasm::MemArg& memarg, Value address, uint8_t size, uint64_t& offset) {
  const wasm::MemoryType& type = module_.memories[memarg.memory.index()].type;
  const bool mask = context_.options().mask;
  const Value wide = widen(address, type.address);
  const uint64_t end = memarg.offset + size;
  const bool overflows = end < memarg.offset;
  const uint64_t least = least_bytes(type);
  const bool is_offset_within = !overflows && end <= least;
  const auto number = [&](uint64_t value) { return insert_.iconst(Type::i64, static_cast<int64_t>(value)); };

  Value used = mask ? wide : address;
  // An address that is zero because of a misprediction must be within the memory together with the offset.
  if (memarg.offset >= kStaticOffsetLimit || (mask && !is_offset_within)) {
    used = insert_.binary(Opcode::iadd, Type::i64, wide, number(memarg.offset));
    offset = 0;
  }
  const auto known = insert_.constant(wide);
  if (known && is_offset_within && static_cast<uint64_t>(*known) <= least - end) return used;

  const auto check = [&](Value a, Value b) {
    used = checked(used, Condition::ule, a, b, TrapKind::out_of_bounds_memory_access);
  };
  const Value length = memory_length(memarg.memory);
  if (type.address == AddressType::i32) {
    check(insert_.binary(Opcode::iadd, Type::i64, wide, number(end)), length);
  } else {
    const uint64_t reach = overflows ? ~uint64_t{0} : end;  // No memory has ~0 bytes, so the check then traps.
    if (!is_offset_within) check(number(reach), length);
    check(wide, insert_.binary(Opcode::isub, Type::i64, length, number(reach)));
  }
  return used;
}

Builder::Address Builder::prepare_access(const wasm::MemArg& memarg, Value address, uint8_t size) {
  const wasm::MemoryType& type = module_.memories[memarg.memory.index()].type;
  Address result;
  result.access.index = memarg.memory.index();
  result.access.size = size;
  result.access.alias = AliasClass::memory;
  result.access.offset = memarg.offset;
  result.access.can_fault = relies_on_guards(type, context_.options().bounds) && memarg.offset < kStaticOffsetLimit;
  result.address = result.access.can_fault ? address : check_address(memarg, address, size, result.access.offset);
  result.base = memory_base(memarg.memory);
  return result;
}

ir::Value Builder::place_access(Opcode opcode, Type type, const Address& address, Value value, uint8_t lane,
                                int64_t immediate) {
  Instruction inst;
  inst.opcode = opcode;
  inst.type = type;
  inst.aux = lane;
  inst.operands[0] = address.address;
  inst.operands[1] = address.base;
  inst.operands[2] = value;
  inst.immediate = immediate;
  inst.extra = function_.add_access(address.access);
  return insert_.place(inst);
}

void Builder::load(WasmOp opcode, const wasm::MemArg& memarg) {
  Type type = Type::v128;
  Opcode operation = Opcode::heap_load;
  Extension extension = Extension::none;
  int64_t immediate = 0;
  const auto extend = [&](ir::SimdOp op) {
    operation = Opcode::heap_load_extend;
    immediate = static_cast<int64_t>(op);
  };
  switch (opcode) {
    case WasmOp::i32_load: type = Type::i32; break;
    case WasmOp::i64_load: type = Type::i64; break;
    case WasmOp::f32_load: type = Type::f32; break;
    case WasmOp::f64_load: type = Type::f64; break;
    case WasmOp::i32_load8_s:
    case WasmOp::i32_load16_s: type = Type::i32, extension = Extension::sign; break;
    case WasmOp::i32_load8_u:
    case WasmOp::i32_load16_u: type = Type::i32, extension = Extension::zero; break;
    case WasmOp::i64_load8_s:
    case WasmOp::i64_load16_s:
    case WasmOp::i64_load32_s: type = Type::i64, extension = Extension::sign; break;
    case WasmOp::i64_load8_u:
    case WasmOp::i64_load16_u:
    case WasmOp::i64_load32_u: type = Type::i64, extension = Extension::zero; break;
    case WasmOp::v128_load: break;
    case WasmOp::v128_load8_splat:
    case WasmOp::v128_load16_splat:
    case WasmOp::v128_load32_splat:
    case WasmOp::v128_load64_splat: operation = Opcode::heap_load_splat; break;
    case WasmOp::v128_load32_zero:
    case WasmOp::v128_load64_zero: operation = Opcode::heap_load_zero; break;
    case WasmOp::v128_load8x8_s: extend(ir::SimdOp::v128_load8x8_s); break;
    case WasmOp::v128_load8x8_u: extend(ir::SimdOp::v128_load8x8_u); break;
    case WasmOp::v128_load16x4_s: extend(ir::SimdOp::v128_load16x4_s); break;
    case WasmOp::v128_load16x4_u: extend(ir::SimdOp::v128_load16x4_u); break;
    case WasmOp::v128_load32x2_s: extend(ir::SimdOp::v128_load32x2_s); break;
    case WasmOp::v128_load32x2_u: extend(ir::SimdOp::v128_load32x2_u); break;
    default: refuse(wasm::to_string(opcode).data()); break;
  }
  Address address = prepare_access(memarg, pop(), static_cast<uint8_t>(1 << wasm::info(opcode).shape));
  address.access.extension = extension;
  push(place_access(operation, type, address, Value::none(), 0, immediate));
}

void Builder::store(WasmOp opcode, const wasm::MemArg& memarg) {
  const Value value = pop();
  const Address address = prepare_access(memarg, pop(), static_cast<uint8_t>(1 << wasm::info(opcode).shape));
  place_access(Opcode::heap_store, Type::none, address, value);
}

void Builder::load_lane(WasmOp opcode, const wasm::MemArg& memarg, uint8_t lane) {
  const Value vector = pop();
  const Address address = prepare_access(memarg, pop(), static_cast<uint8_t>(1 << wasm::info(opcode).shape));
  push(place_access(Opcode::heap_load_lane, Type::v128, address, vector, lane));
}

void Builder::store_lane(WasmOp opcode, const wasm::MemArg& memarg, uint8_t lane) {
  const Value vector = pop();
  const Address address = prepare_access(memarg, pop(), static_cast<uint8_t>(1 << wasm::info(opcode).shape));
  place_access(Opcode::heap_store_lane, Type::none, address, vector, lane);
}

// --- whole ranges

ir::Value Builder::widen(Value value, AddressType type) {
  return type == AddressType::i64 ? value : insert_.unary(Opcode::uextend, Type::i64, value);
}

ir::Value Builder::narrow(Value value, AddressType type) {
  return type == AddressType::i64 ? value : insert_.unary(Opcode::wrap, Type::i32, value);
}

void Builder::memory_size(wasm::MemoryIndex memory) {
  const wasm::MemoryType& type = module_.memories[memory.index()].type;
  // The fences make the read of a shared memory's length an atomic access, so that it sees each growth by another
  // thread that happened before.
  const bool is_shared = type.sharedness == wasm::Sharedness::shared && type.limits.minimum != type.limits.maximum;
  if (is_shared) place_fence();
  const Value length = memory_length(memory);
  if (is_shared) place_fence();
  const Value pages = insert_.binary(Opcode::ushr, Type::i64, length, insert_.iconst(Type::i64, type.page_size_log2));
  push(narrow(pages, type.address));
}

void Builder::memory_grow(wasm::MemoryIndex memory) {
  const AddressType type = module_.memories[memory.index()].type.address;
  const Value delta = widen(pop(), type);
  const Value arguments[] = {insert_.iconst(Type::i32, memory.index()), delta};
  push(narrow(call_builtin(Builtin::memory_grow, arguments), type));
}

void Builder::memory_fill(wasm::MemoryIndex memory) {
  const AddressType type = module_.memories[memory.index()].type.address;
  const Value length = widen(pop(), type);
  const Value byte = pop();
  const Value destination = widen(pop(), type);
  const Value arguments[] = {insert_.iconst(Type::i32, memory.index()), destination, byte, length};
  check_status(call_builtin(Builtin::memory_fill, arguments), TrapKind::out_of_bounds_memory_access);
}

void Builder::copy_range(Builtin builtin, Range to, Range from, TrapKind kind) {
  // The length has the narrower of the two address types.
  const bool is_wide = to.type == AddressType::i64 && from.type == AddressType::i64;
  const Value length = widen(pop(), is_wide ? AddressType::i64 : AddressType::i32);
  const Value source = widen(pop(), from.type);
  const Value destination = widen(pop(), to.type);
  const Value arguments[] = {insert_.iconst(Type::i32, to.index), insert_.iconst(Type::i32, from.index), destination,
                             source, length};
  check_status(call_builtin(builtin, arguments), kind);
}

void Builder::drop_segment(Builtin builtin, uint32_t segment) {
  const Value arguments[] = {insert_.iconst(Type::i32, segment)};
  call_builtin(builtin, arguments);
}

void Builder::memory_copy(wasm::MemoryIndex destination, wasm::MemoryIndex source) {
  copy_range(Builtin::memory_copy, {destination.index(), module_.memories[destination.index()].type.address},
             {source.index(), module_.memories[source.index()].type.address}, TrapKind::out_of_bounds_memory_access);
}

void Builder::memory_init(wasm::DataIndex data, wasm::MemoryIndex memory) {
  copy_range(Builtin::memory_init, {memory.index(), module_.memories[memory.index()].type.address},
             {data.index(), AddressType::i32}, TrapKind::out_of_bounds_memory_access);
}

void Builder::data_drop(wasm::DataIndex data) { drop_segment(Builtin::data_drop, data.index()); }

}  // namespace cairn::compiler

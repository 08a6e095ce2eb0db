// Builds atomic accesses, fences, wait and notify.
//
// An access whose address is not a multiple of its size traps before its bounds are checked. In the check, `offset` is
// the static offset and `size` the number of accessed bytes:
//
//   trap_if (address + offset) & (size - 1)
//
// Builtins of the runtime do memory.atomic.wait and notify, including the checks of bounds
// (runtime/storage/shared_memory.hpp).
#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using abi::Builtin;
using ir::Condition;
using ir::Extension;
using ir::Instruction;
using ir::Opcode;
using wasm::TrapKind;
using WasmOp = wasm::Opcode;

namespace {

// The opcodes of atomic accesses are in groups (load, store, add, sub, and, or, xor, xchg, cmpxchg) of seven: i32, i64,
// i32 with 8 and 16 bits, i64 with 8, 16 and 32 bits.
constexpr uint32_t kWidths = 7;
constexpr uint32_t kLoad = 0, kStore = 1, kFirstRmw = 2, kCompareExchange = 8;
// Returns the position of an atomic access in the list of all of them.
constexpr uint32_t position_of(WasmOp opcode) {
  return static_cast<uint32_t>(opcode) - static_cast<uint32_t>(WasmOp::i32_atomic_load);
}
static_assert(position_of(WasmOp::i32_atomic_store) == kStore * kWidths);
static_assert(position_of(WasmOp::i32_atomic_rmw_add) == kFirstRmw * kWidths);
static_assert(position_of(WasmOp::i64_atomic_rmw32_xchg_u) == kCompareExchange * kWidths - 1);
static_assert(position_of(WasmOp::i64_atomic_rmw32_cmpxchg_u) == (kCompareExchange + 1) * kWidths - 1);

}  // namespace

void Builder::place_fence() {
  Instruction fence;
  fence.opcode = Opcode::fence;
  insert_.place(fence);
}

void Builder::check_alignment(const wasm::MemArg& memarg, Value address, uint8_t size) {
  if (size == 1) return;
  const wasm::AddressType type = module_.memories[memarg.memory.index()].type.address;
  const uint64_t mask = size - 1U;
  Value low = type == wasm::AddressType::i64 ? insert_.unary(Opcode::wrap, Type::i32, address) : address;
  if ((memarg.offset & mask) != 0) {
    low = insert_.binary(Opcode::iadd, Type::i32, low,
                         insert_.iconst(Type::i32, static_cast<int64_t>(memarg.offset & mask)));
  }
  insert_.trap_if(insert_.binary(Opcode::iand, Type::i32, low, insert_.iconst(Type::i32, static_cast<int64_t>(mask))),
                  TrapKind::unaligned_atomic);
}

void Builder::atomic(WasmOp opcode, const wasm::MemArg& memarg) {
  const auto size = static_cast<uint8_t>(1 << wasm::info(opcode).shape);
  switch (opcode) {
    case WasmOp::memory_atomic_notify: return atomic_notify(memarg);
    case WasmOp::memory_atomic_wait32:
    case WasmOp::memory_atomic_wait64: return atomic_wait(memarg, size);
    default: break;
  }
  const uint32_t width = position_of(opcode) % kWidths;
  const Type type = width == 1 || width >= 4 ? Type::i64 : Type::i32;
  atomic_access(position_of(opcode) / kWidths, type, size, memarg);
}

void Builder::atomic_access(uint32_t group, Type type, uint8_t size, const wasm::MemArg& memarg) {
  const Value replacement = group == kCompareExchange ? pop() : Value::none();
  const Value value = group == kLoad ? Value::none() : pop();
  const Value at = pop();
  check_alignment(memarg, at, size);
  Address address = prepare_access(memarg, at, size);
  if (group == kStore) {
    place_access(Opcode::atomic_store, Type::none, address, value);
    return;
  }
  if (size < size_of(type)) address.access.extension = Extension::zero;
  if (group == kLoad) {
    push(place_access(Opcode::atomic_load, type, address));
  } else if (group == kCompareExchange) {
    const Value operands[] = {address.address, address.base, value, replacement};
    Instruction inst;
    inst.opcode = Opcode::atomic_cas;
    inst.type = type;
    inst.immediate = function_.add_values(operands);
    inst.extra = function_.add_access(address.access);
    push(insert_.place(inst));
  } else {
    push(place_access(Opcode::atomic_rmw, type, address, value, static_cast<uint8_t>(group - kFirstRmw)));
  }
}

// The builtins memory_wait32 and memory_wait64 return the instruction's result, or -1 - k for the TrapKind number k.
void Builder::atomic_wait(const wasm::MemArg& memarg, uint8_t size) {
  const wasm::MemoryType& type = module_.memories[memarg.memory.index()].type;
  const Value timeout = pop();
  const Value expected = pop();
  const Value address = pop();
  check_alignment(memarg, address, size);
  if (type.sharedness != wasm::Sharedness::shared) {
    insert_.trap_if(insert_.iconst(Type::i32, 1), TrapKind::expected_shared_memory);
    push(insert_.iconst(Type::i32, 0));
    return;
  }
  const Value arguments[] = {insert_.iconst(Type::i32, memarg.memory.index()), widen(address, type.address),
                             insert_.iconst(Type::i64, static_cast<int64_t>(memarg.offset)), expected, timeout};
  const Value result = call_builtin(size == 4 ? Builtin::memory_wait32 : Builtin::memory_wait64, arguments);
  for (const TrapKind kind : {TrapKind::out_of_bounds_memory_access, TrapKind::deadlock}) {
    const Value status = insert_.iconst(Type::i32, -1 - static_cast<int64_t>(kind));
    insert_.trap_if(insert_.compare(Condition::eq, result, status), kind);
  }
  push(result);
}

void Builder::atomic_notify(const wasm::MemArg& memarg) {
  const wasm::MemoryType& type = module_.memories[memarg.memory.index()].type;
  const Value count = pop();
  const Value address = pop();
  check_alignment(memarg, address, 4);
  const Value arguments[] = {insert_.iconst(Type::i32, memarg.memory.index()), widen(address, type.address),
                             insert_.iconst(Type::i64, static_cast<int64_t>(memarg.offset)), count};
  // The builtin returns how many threads were woken, or -1 - k for the TrapKind number k.
  const Value result = call_builtin(Builtin::memory_notify, arguments);
  const Value status = insert_.iconst(Type::i32, -1 - static_cast<int64_t>(TrapKind::out_of_bounds_memory_access));
  insert_.trap_if(insert_.compare(Condition::eq, result, status), TrapKind::out_of_bounds_memory_access);
  push(result);
}

}  // namespace cairn::compiler

// The builtins: functions for instructions that compiled code does not execute by itself. abi/builtins.def describes
// their parameters and results. None of them calls guest code. The builtins for managed objects are in
// heap/gc_builtins.cpp.
#include <algorithm>
#include <cstring>

#include "platform/platform.hpp"
#include "runtime/calls/builtin_table.hpp"
#include "runtime/calls/exceptions.hpp"
#include "runtime/code/activation.hpp"
#include "runtime/const_eval.hpp"
#include "runtime/heap/gc_builtins.hpp"
#include "runtime/storage/segments.hpp"
#include "runtime/store.hpp"
#include "runtime/time_limit.hpp"

namespace cairn::runtime {

namespace {

using wasm::TrapKind;

InstanceObject& instance_of(abi::VMContext* context) { return *static_cast<InstanceObject*>(context->instance); }

MemoryObject& memory_of(InstanceObject& instance, uint32_t index) {
  return instance.store.memories()[instance.memories[index]];
}

TableObject& table_of(InstanceObject& instance, uint32_t index) {
  return instance.store[Table{instance.store.id(), instance.tables[index]}];
}

// Returns the status that abi/builtins.def describes.
uint32_t status(std::optional<TrapKind> trap) { return trap ? 1 + static_cast<uint32_t>(*trap) : 0; }

bool in_bounds(uint64_t start, uint64_t count, uint64_t length) { return start <= length && count <= length - start; }

// Bulk instructions work in pieces of this many bytes, and end with the trap `interrupted` between two pieces when the
// time of the thread's TimeLimit is over. A guest that does little else would seldom be interrupted otherwise.
constexpr uint64_t kPiece = 1 << 20;

// Calls `piece(offset, size)` for all pieces of `length` bytes, from the last one on if `backwards`. No caller may have
// an object with a destructor, because the trap drops the frames of the callers.
template <class Piece>
void in_pieces(abi::VMContext* context, uint64_t length, bool backwards, Piece piece) {
  constexpr uint64_t kShort = 4096;  // bytes; after a piece of at most this size, the time is not checked
  for (uint64_t done = 0; done < length;) {
    const uint64_t size = std::min(length - done, kPiece);
    piece(backwards ? length - done - size : done, size);
    done += size;
    if (size > kShort && !platform::Platform::go_on()) raise_trap(*context->store, TrapKind::interrupted);
  }
}

int64_t builtin_memory_grow(abi::VMContext* context, uint32_t memory, uint64_t delta) {
  const std::optional<uint64_t> old = grow(memory_of(instance_of(context), memory), delta);
  return old ? static_cast<int64_t>(*old) : -1;
}

uint32_t builtin_memory_copy(abi::VMContext* context, uint32_t to, uint32_t from, uint64_t destination, uint64_t source,
                             uint64_t length) {
  InstanceObject& instance = instance_of(context);
  const MemoryObject& target = memory_of(instance, to);
  const MemoryObject& origin = memory_of(instance, from);
  if (!in_bounds(destination, length, target.length()) || !in_bounds(source, length, origin.length())) {
    return status(TrapKind::out_of_bounds_memory_access);
  }
  std::byte* const target_bytes = target.vm->base + destination;
  const std::byte* const origin_bytes = origin.vm->base + source;
  in_pieces(context, length, target_bytes > origin_bytes,
            [&](uint64_t offset, uint64_t size) { std::memmove(target_bytes + offset, origin_bytes + offset, size); });
  return 0;
}

uint32_t builtin_memory_fill(abi::VMContext* context, uint32_t index, uint64_t destination, uint32_t value,
                             uint64_t length) {
  const MemoryObject& memory = memory_of(instance_of(context), index);
  if (!in_bounds(destination, length, memory.length())) return status(TrapKind::out_of_bounds_memory_access);
  in_pieces(context, length, false, [&](uint64_t offset, uint64_t size) {
    std::memset(memory.vm->base + destination + offset, static_cast<int>(value & 0xff), size);
  });
  return 0;
}

uint32_t builtin_memory_init(abi::VMContext* context, uint32_t memory, uint32_t segment, uint64_t destination,
                             uint64_t source, uint64_t length) {
  InstanceObject& instance = instance_of(context);
  return status(initialize_memory(instance, memory_of(instance, memory), segment, destination, source, length));
}

void builtin_data_drop(abi::VMContext* context, uint32_t segment) { instance_of(context).dropped_data[segment] = true; }

// Returns the result of a wait or notify that traps: -1 - TrapKind.
int32_t answer(TrapKind kind) { return -1 - static_cast<int32_t>(kind); }

template <class T>
int32_t wait(abi::VMContext* context, uint32_t index, uint64_t address, uint64_t offset, T expected, int64_t timeout) {
  uint64_t at;
  if (__builtin_add_overflow(address, offset, &at)) return answer(TrapKind::out_of_bounds_memory_access);
  const auto result = memory_of(instance_of(context), index).shared->wait(at, expected, timeout);
  // A time limit ends the wait early, and the guest must not see that.
  if (TimeLimit::is_over()) raise_trap(*context->store, TrapKind::interrupted);
  return result ? static_cast<int32_t>(*result) : answer(result.error());
}

int32_t builtin_memory_wait32(abi::VMContext* context, uint32_t memory, uint64_t address, uint64_t offset,
                              uint32_t expected, int64_t timeout) {
  return wait(context, memory, address, offset, expected, timeout);
}

int32_t builtin_memory_wait64(abi::VMContext* context, uint32_t memory, uint64_t address, uint64_t offset,
                              uint64_t expected, int64_t timeout) {
  return wait(context, memory, address, offset, expected, timeout);
}

int32_t builtin_memory_notify(abi::VMContext* context, uint32_t index, uint64_t address, uint64_t offset,
                              uint32_t count) {
  const MemoryObject& memory = memory_of(instance_of(context), index);
  uint64_t at;
  if (__builtin_add_overflow(address, offset, &at)) return answer(TrapKind::out_of_bounds_memory_access);
  if (!memory.shared) {  // no thread can wait on a memory that is not shared
    return in_bounds(at, 4, memory.length()) ? 0 : answer(TrapKind::out_of_bounds_memory_access);
  }
  const auto woken = memory.shared->notify(at, count);
  return woken ? static_cast<int32_t>(*woken) : answer(woken.error());
}

int64_t builtin_table_grow(abi::VMContext* context, uint32_t table, uint64_t delta, uint64_t initial) {
  const std::optional<uint64_t> old = grow(table_of(instance_of(context), table), delta, initial);
  return old ? static_cast<int64_t>(*old) : -1;
}

uint32_t builtin_table_fill(abi::VMContext* context, uint32_t index, uint64_t start, uint64_t value, uint64_t length) {
  TableObject& table = table_of(instance_of(context), index);
  if (!in_bounds(start, length, table.vm->length)) return status(TrapKind::out_of_bounds_table_access);
  table.note_change(start, length);
  in_pieces(context, length * sizeof(uint64_t), false, [&](uint64_t offset, uint64_t size) {
    const uint64_t first = start + offset / sizeof(uint64_t);
    std::fill_n(table.vm->elements + first, size / sizeof(uint64_t), value);
  });
  return 0;
}

uint32_t builtin_table_copy(abi::VMContext* context, uint32_t to, uint32_t from, uint64_t destination, uint64_t source,
                            uint64_t length) {
  InstanceObject& instance = instance_of(context);
  TableObject& target = table_of(instance, to);
  const abi::VMTable& origin = *table_of(instance, from).vm;
  if (!in_bounds(destination, length, target.vm->length) || !in_bounds(source, length, origin.length)) {
    return status(TrapKind::out_of_bounds_table_access);
  }
  target.note_change(destination, length);
  uint64_t* const target_elements = target.vm->elements + destination;
  const uint64_t* const origin_elements = origin.elements + source;
  const auto copy = [&](uint64_t offset, uint64_t size) {
    const uint64_t first = offset / sizeof(uint64_t);
    std::memmove(target_elements + first, origin_elements + first, size);
  };
  in_pieces(context, length * sizeof(uint64_t), target_elements > origin_elements, copy);
  return 0;
}

uint32_t builtin_table_init(abi::VMContext* context, uint32_t table, uint32_t segment, uint64_t destination,
                            uint64_t source, uint64_t length) {
  InstanceObject& instance = instance_of(context);
  return status(initialize_table(instance, table_of(instance, table), segment, destination, source, length));
}

void builtin_elem_drop(abi::VMContext* context, uint32_t segment) { drop_elements(instance_of(context), segment); }

// If the host function has failed with an exception, this function throws the exception into the guest.
[[noreturn]] void builtin_raise_trap(abi::VMContext* context, uint32_t code) {
  Activation& activation = *platform::Platform::activation();
  if (activation.exception != abi::kNullReference) throw_from_host(activation);
  raise_trap(*context->store, static_cast<TrapKind>(code - 1));
}

[[noreturn]] void builtin_throw_exception(abi::VMContext*, abi::HeapReference exception) {
  throw_from_guest(*platform::Platform::activation(), exception, Rethrown::no);
}

[[noreturn]] void builtin_continue_throw(abi::VMContext*, abi::HeapReference exception) {
  throw_from_guest(*platform::Platform::activation(), exception, Rethrown::yes);
}

const std::array<const void*, abi::kBuiltinCount> kBuiltinTable = {
#define CAIRN_BUILTIN(name, result, parameters, frame) reinterpret_cast<const void*>(&builtin_##name),
#include "abi/builtins.def"
#undef CAIRN_BUILTIN
};

}  // namespace

const std::array<const void*, abi::kBuiltinCount>& builtin_table() { return kBuiltinTable; }

}  // namespace cairn::runtime

#include "runtime/segments.hpp"

#include <cstring>

#include "runtime/const_eval.hpp"

namespace cairn::runtime {

namespace {
bool in_bounds(uint64_t start, uint64_t count, uint64_t length) { return start <= length && count <= length - start; }
}  // namespace

std::optional<wasm::TrapKind> initialize_memory(InstanceObject& instance, MemoryObject& memory, uint32_t segment,
                                                uint64_t destination, uint64_t source, uint64_t length) {
  const std::span<const std::byte> bytes =
      instance.dropped_data[segment] ? std::span<const std::byte>() : instance.module->definition().data[segment].bytes;
  if (!in_bounds(source, length, bytes.size()) || !in_bounds(destination, length, memory.vm->length)) {
    return wasm::TrapKind::out_of_bounds_memory_access;
  }
  if (length != 0) std::memcpy(memory.vm->base + destination, bytes.data() + source, length);
  return std::nullopt;
}

std::optional<wasm::TrapKind> initialize_table(InstanceObject& instance, TableObject& table, uint32_t segment,
                                               uint64_t destination, uint64_t source, uint64_t length) {
  const wasm::ElemSegment& elements = instance.module->definition().elements[segment];
  const uint64_t size = instance.dropped_elements[segment] ? 0 : elements.size();
  if (!in_bounds(source, length, size) || !in_bounds(destination, length, table.vm->length)) {
    return wasm::TrapKind::out_of_bounds_table_access;
  }
  for (uint64_t i = 0; i < length; ++i) {
    table.vm->elements[destination + i] =
        elements.functions.empty() ? evaluate(instance, elements.expressions[source + i]).low()
                                   : reinterpret_cast<uint64_t>(instance.func_ref(elements.functions[source + i]));
  }
  return std::nullopt;
}

}  // namespace cairn::runtime

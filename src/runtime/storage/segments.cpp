#include "runtime/storage/segments.hpp"

#include <algorithm>
#include <cstring>

#include "runtime/const_eval.hpp"

namespace cairn::runtime {

namespace {
bool in_bounds(uint64_t start, uint64_t count, uint64_t length) { return start <= length && count <= length - start; }
}  // namespace

std::span<const std::byte> data_of(const InstanceObject& instance, uint32_t segment) {
  if (instance.dropped_data[segment]) return {};
  return instance.module->definition().data[segment].bytes;
}

uint64_t elements_size(const InstanceObject& instance, uint32_t segment) {
  return instance.dropped_elements[segment] ? 0 : instance.module->definition().elements[segment].size();
}

uint64_t element_value(InstanceObject& instance, uint32_t segment, uint64_t index) {
  if (!instance.element_values[segment].words.empty()) return instance.element_values[segment].words[index];
  const wasm::ElemSegment& elements = instance.module->definition().elements[segment];
  return elements.functions.empty() ? evaluate(instance, elements.expressions[index])->low
                                    : reinterpret_cast<uint64_t>(instance.func_ref(elements.functions[index]));
}

bool evaluate_elements(InstanceObject& instance, uint32_t segment) {
  const wasm::ElemSegment& elements = instance.module->definition().elements[segment];
  const auto is_simple = [](const wasm::ConstExpr& expression) {
    return expression.size() == 1 && !makes_objects(expression);
  };
  if (std::ranges::all_of(elements.expressions, is_simple)) return true;
  TryVector<uint64_t>& values = instance.element_values[segment].words;
  if (!values.try_reserve(elements.expressions.size())) return false;
  for (const wasm::ConstExpr& expression : elements.expressions) {
    const std::expected<RawValue, wasm::TrapKind> value = evaluate(instance, expression);
    if (!value) return false;
    values.push_back_within_capacity(value->low);
    instance.has_new_element_values = true;
  }
  return true;
}

void drop_elements(InstanceObject& instance, uint32_t segment) {
  instance.dropped_elements[segment] = true;
  instance.element_values[segment] = {};
}

std::optional<wasm::TrapKind> initialize_memory(InstanceObject& instance, MemoryObject& memory, uint32_t segment,
                                                uint64_t destination, uint64_t source, uint64_t length) {
  const std::span<const std::byte> bytes = data_of(instance, segment);
  if (!in_bounds(source, length, bytes.size()) || !in_bounds(destination, length, memory.length())) {
    return wasm::TrapKind::out_of_bounds_memory_access;
  }
  if (length != 0) std::memcpy(memory.vm->base + destination, bytes.data() + source, length);
  return std::nullopt;
}

std::optional<wasm::TrapKind> initialize_table(InstanceObject& instance, TableObject& table, uint32_t segment,
                                               uint64_t destination, uint64_t source, uint64_t length) {
  if (!in_bounds(source, length, elements_size(instance, segment)) ||
      !in_bounds(destination, length, table.vm->length)) {
    return wasm::TrapKind::out_of_bounds_table_access;
  }
  table.note_change(destination, length);
  for (uint64_t i = 0; i < length; ++i) {
    table.vm->elements[destination + i] = element_value(instance, segment, source + i);
  }
  return std::nullopt;
}

}  // namespace cairn::runtime

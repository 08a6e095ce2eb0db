// Copies data and element segments into memories and tables, for instantiation and for memory.init and table.init.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/store.hpp"
#include "wasm/types/trap.hpp"

namespace cairn::runtime {

// These functions return the bytes of a data segment and the number of elements of an element segment. A dropped
// segment is empty.
[[nodiscard]] std::span<const std::byte> data_of(const InstanceObject& instance, uint32_t segment);
[[nodiscard]] uint64_t elements_size(const InstanceObject& instance, uint32_t segment);
// Evaluates the expressions of an element segment into InstanceObject::element_values, if one of them makes an object
// or has several instructions. Returns false if there is no memory. For other segments, element_value() evaluates the
// elements.
[[nodiscard]] bool evaluate_elements(InstanceObject& instance, uint32_t segment);
// Drops an element segment, which counts as empty from then on.
void drop_elements(InstanceObject& instance, uint32_t segment);
// Returns the value of an element as a word of a table.
[[nodiscard]] uint64_t element_value(InstanceObject& instance, uint32_t segment, uint64_t index);

// These functions copy `length` bytes or elements of a segment, from `source` on, to `destination`. If a range is out
// of bounds, they copy nothing and return the trap.
std::optional<wasm::TrapKind> initialize_memory(InstanceObject& instance, MemoryObject& memory, uint32_t segment,
                                                uint64_t destination, uint64_t source, uint64_t length);
std::optional<wasm::TrapKind> initialize_table(InstanceObject& instance, TableObject& table, uint32_t segment,
                                               uint64_t destination, uint64_t source, uint64_t length);

}  // namespace cairn::runtime

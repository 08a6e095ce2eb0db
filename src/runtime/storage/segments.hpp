// Copies data and element segments into memories and tables, for instantiation and for memory.init and table.init.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/store.hpp"
#include "wasm/types/trap.hpp"

namespace cairn::runtime {

// Returns the current contents of a segment: empty when it has been dropped.
[[nodiscard]] std::span<const std::byte> data_of(const InstanceObject& instance, uint32_t segment);
[[nodiscard]] uint64_t elements_size(const InstanceObject& instance, uint32_t segment);
// Evaluates a segment with expressions that make objects, once and for all. Returns false if there is no memory. The
// elements of other segments are evaluated by element_value.
[[nodiscard]] bool evaluate_elements(InstanceObject& instance, uint32_t segment);
void drop_elements(InstanceObject& instance, uint32_t segment);
// Returns the value of an element as a word of a table.
[[nodiscard]] uint64_t element_value(InstanceObject& instance, uint32_t segment, uint64_t index);

// Copies `length` bytes of a data segment, beginning at `source`. An access out of bounds is a trap and copies nothing.
// A dropped segment is empty.
std::optional<wasm::TrapKind> initialize_memory(InstanceObject& instance, MemoryObject& memory, uint32_t segment,
                                                uint64_t destination, uint64_t source, uint64_t length);
std::optional<wasm::TrapKind> initialize_table(InstanceObject& instance, TableObject& table, uint32_t segment,
                                               uint64_t destination, uint64_t source, uint64_t length);

}  // namespace cairn::runtime

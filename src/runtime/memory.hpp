// Address space for linear memories, and growing in it.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "runtime/engine.hpp"
#include "wasm/types.hpp"

namespace cairn::runtime {

// Where a memory lies: as much address space as it may ever take, its first pages committed.
struct MemorySpace {
  std::span<std::byte> reservation;
  uint64_t maximum_bytes = 0;   // growth stops here
  uint64_t initial_bytes = 0;
};

// Reserves what a memory of this type needs under the engine's way of checking bounds, and commits its initial pages. To be
// released by Platform::release.
Result<MemorySpace> reserve_memory(const Engine& engine, const wasm::MemoryType& type);

// Commits the pages from `old_length` to `new_length` bytes; false when the machine has no memory for them.
bool extend_memory(std::span<std::byte> reservation, uint64_t old_length, uint64_t new_length);

}  // namespace cairn::runtime

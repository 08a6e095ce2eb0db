// Address space for linear memories, and growing in it.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "compiler/options/options.hpp"
#include "runtime/engine.hpp"
#include "wasm/types/types.hpp"

namespace cairn::runtime {

// Where a memory lies: as much address space as it may ever take, its first pages committed.
struct MemorySpace {
  std::span<std::byte> reservation;
  uint64_t maximum_bytes = 0;  // growth stops here
  uint64_t initial_bytes = 0;
  bool has_guards = false;  // code that relies on guard pages may access it (decision 0011)
};

// Reserves what a memory of this type needs, and commits its initial pages. With BoundsMode::guard it gets guard pages
// if its type can have them and the engine's address space suffices; when it does not, the memory has none, or, where
// the engine's configuration requires them, there is a resource error.
Result<MemorySpace> reserve_memory(Engine& engine, const wasm::MemoryType& type, compiler::BoundsMode bounds);

// Gives back what reserve_memory made, of which `length` bytes are in use by now.
void release_memory(Engine& engine, std::span<std::byte> reservation, uint64_t length);

// Commits the pages from `old_length` to `new_length` bytes; false when the machine has no memory for them.
bool extend_memory(std::span<std::byte> reservation, uint64_t old_length, uint64_t new_length);

}  // namespace cairn::runtime

// Reserves address space for linear memories and grows memories in it.
#pragma once

#include <cstdint>
#include <span>

#include "base/allowance.hpp"
#include "base/result.hpp"
#include "compiler/options/options.hpp"
#include "runtime/engine.hpp"
#include "wasm/types/types.hpp"

namespace cairn::runtime {

inline constexpr uint64_t kLimitPage = uint64_t{1} << 16;  // bytes of a page of Limit::memory_pages

// The address space of a memory: as much as the memory may ever take, with its initial pages committed.
struct MemorySpace {
  std::span<std::byte> reservation;
  uint64_t maximum_bytes = 0;  // the largest length that the memory may have
  uint64_t initial_bytes = 0;
  bool has_guards = false;  // whether code that relies on guard pages may access the memory (decision 0011)
};

// Reserves the address space that a memory of this type needs, and commits its initial pages. With BoundsMode::guard
// the memory gets guard pages if its type can have them and the engine has enough address space. Without enough address
// space the memory has no guard pages, or, if the engine's configuration requires them, the function fails with a
// resource error. `pages` is the limit of each memory, in pages of kLimitPage bytes whatever the memory's own page
// size; the function fails if the initial memory exceeds it.
Result<MemorySpace> reserve_memory(Engine& engine, const wasm::MemoryType& type, compiler::BoundsMode bounds,
                                   Allowance& pages);

// Releases a memory's address space and the pages of its `length` bytes.
void release_memory(Engine& engine, std::span<std::byte> reservation, uint64_t length);

// Whether a limit of pages allows a memory of this length in bytes. If it does not, the limit notes that.
inline bool allows_length(Allowance& pages, uint64_t length) {
  return pages.allows(length / kLimitPage + (length % kLimitPage != 0 ? 1 : 0));
}

// Commits the pages between the lengths `old_length` and `new_length`, in bytes. Returns false if the machine has no
// memory for them.
bool extend_memory(std::span<std::byte> reservation, uint64_t old_length, uint64_t new_length);

}  // namespace cairn::runtime

// Finds the locals that each loop of a body writes. LoopScan walks over the bytes once before the function is built, so
// that a loop's header gets parameters for these locals only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/arena.hpp"

namespace cairn::compiler {

// scan() walks over one body. Then written_by() is asked about each loop.
class LoopScan {
 public:
  explicit LoopScan(Arena& arena) : loops_(arena), locals_(arena) {}

  // `body` has local declarations and instructions that are not validated yet. Malformed code ends the scan, since
  // validation will stop there too. `offset` is the body's offset in the module. `local_count` counts parameters too.
  void scan(std::span<const std::byte> body, uint64_t offset, size_t local_count);

  // Returns the locals that the loop whose opcode is at `offset` in the module writes, in the order of their first
  // writes. `offset` must not decrease from one call to the next.
  std::span<const uint32_t> written_by(uint64_t offset);

 private:
  struct Loop {
    uint64_t offset;
    uint32_t first;  // index in locals_
    uint32_t count;
  };
  ArenaVector<Loop> loops_;  // in ascending order of offsets
  ArenaVector<uint32_t> locals_;
  size_t next_ = 0;  // index in loops_ where the next written_by() starts to search
};

}  // namespace cairn::compiler

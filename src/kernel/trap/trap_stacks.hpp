// The stacks on which a CPU enters traps. Each has a guard page below, and the address of the CPU's record at its end.
#pragma once

#include <cstddef>

#include "base/result.hpp"
#include "kernel/memory/address.hpp"

namespace cairn::kernel {

class TrapStacks {
 public:
  static constexpr size_t kStackSize = 16 * 1024;            // in bytes
  static constexpr size_t kStride = kPageSize + kStackSize;  // of a guard page and the stack above it

  // Allocates `count` stacks, which are always mapped. Returns an Error (resource) when there is no memory.
  static Result<TrapStacks> create(size_t count);
  ~TrapStacks();
  TrapStacks(TrapStacks&& other) noexcept;
  TrapStacks& operator=(TrapStacks&&) = delete;

  // The lowest guard page. Stack i ends at start() + (i + 1) * kStride.
  [[nodiscard]] std::byte* start() const { return start_; }
  // Keeps the stacks for good: a CPU uses them.
  void keep() { start_ = nullptr; }

 private:
  explicit TrapStacks(std::byte* start) : start_(start) {}

  std::byte* start_;
};

}  // namespace cairn::kernel

// A kernel stack: always mapped, with unmapped pages (the guard) below. Kernel code of a fiber and the handling of its
// traps run on it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "abi/host_stack.hpp"
#include "base/result.hpp"

namespace cairn::kernel {

class KernelStack {
 public:
  // The bytes that must be free when guest code is entered, and 64 KiB for the calls that lead there.
  static constexpr size_t kSize = abi::kHostStackReserve + 64 * 1024;
  // The size of an idle fiber's stack, in bytes. An idle fiber only handles interrupts and switches to other fibers.
  static constexpr size_t kIdleSize = 32 * 1024;
  // Twice the largest frame that tools/check_stacks.py allows, so that no function's frame steps over the guard.
  static constexpr size_t kGuard = 32 * 1024;

  // Allocates a stack of `size` bytes, and charges the account of the running fiber. Returns an Error (resource) when
  // there is no memory.
  static Result<KernelStack> create(size_t size = kSize);
  ~KernelStack();
  KernelStack(KernelStack&& other) noexcept;
  KernelStack& operator=(KernelStack&&) = delete;

  [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }
  // Keeps the stack mapped until the machine ends: the destructor no longer releases it.
  void keep() && { bytes_ = {}; }

 private:
  explicit KernelStack(std::span<std::byte> bytes) : bytes_(bytes) {}

  std::span<std::byte> bytes_;
};

}  // namespace cairn::kernel

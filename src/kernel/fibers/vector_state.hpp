// The registers of a guest that neither trap frames nor the kernel's code preserve: on x86-64 the upper halves of the
// vector registers, and the x87 registers; on RISC-V the vector registers, if the CPU has them. Each port implements
// this class in its vector_state.cpp.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.hpp"

namespace cairn::kernel {

// The memory in which one fiber's registers are kept. save() stores the CPU's registers there before another guest's
// code may run on the CPU; restore() loads them again before the fiber's guest code continues.
class VectorState {
 public:
  // Returns an Error (resource) when there is no memory.
  static Result<VectorState> create();
  ~VectorState();
  VectorState(VectorState&& other) noexcept;
  VectorState& operator=(VectorState&&) = delete;

  void save();
  void restore() const;

 private:
  explicit VectorState(std::span<std::byte> area) : area_(area) {}

  std::span<std::byte> area_;
};

}  // namespace cairn::kernel

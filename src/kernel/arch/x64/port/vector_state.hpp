// The part of a guest's registers that neither trap frames nor the kernel's code keep: the upper halves of the vector
// registers, and x87's.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.hpp"

namespace cairn::kernel {

// Memory for this state of one fiber. save() and restore() bracket the time in which other guests' code may run.
class VectorState {
 public:
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

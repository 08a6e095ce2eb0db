// Constant expressions ([wasm 3.4.12]), evaluated in an instance whose imports and earlier globals are in place.
#pragma once

#include <cstdint>
#include <expected>

#include "runtime/store.hpp"
#include "wasm/module.hpp"
#include "wasm/types/trap.hpp"

namespace cairn::runtime {

// A value as it lies in a slot of 16 bytes. A reference of the heap is good until the next allocation.
struct RawValue {
  uint64_t low = 0;
  uint64_t high = 0;
};

// The expression has been validated, so it can only fail for want of memory (allocation_failure); one of a single
// instruction that makes no object cannot fail.
std::expected<RawValue, wasm::TrapKind> evaluate(InstanceObject& instance, const wasm::ConstExpr& expression);

// Whether evaluating it makes objects, so that doing it twice gives two values.
[[nodiscard]] bool makes_objects(const wasm::ConstExpr& expression);

}  // namespace cairn::runtime

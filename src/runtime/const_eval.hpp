// Evaluates constant expressions ([wasm 3.4.13]) in an instance whose imports and earlier globals are in place.
#pragma once

#include <cstdint>
#include <expected>

#include "runtime/store.hpp"
#include "wasm/module.hpp"
#include "wasm/types/trap.hpp"

namespace cairn::runtime {

// A value as it is stored in a slot of 16 bytes. A heap reference in it is valid until the next allocation.
struct RawValue {
  uint64_t low = 0;
  uint64_t high = 0;
};

// Evaluates a validated expression. Evaluation fails only for lack of memory (allocation_failure). An expression of a
// single instruction that makes no object cannot fail.
std::expected<RawValue, wasm::TrapKind> evaluate(InstanceObject& instance, const wasm::ConstExpr& expression);

// Whether evaluating the expression makes objects, so that evaluating it twice gives two different values.
[[nodiscard]] bool makes_objects(const wasm::ConstExpr& expression);

}  // namespace cairn::runtime

// Constant expressions ([wasm 3.4.12]), evaluated in an instance whose imports and earlier globals are in place.
#pragma once

#include "runtime/store.hpp"
#include "runtime/value.hpp"
#include "wasm/module.hpp"

namespace cairn::runtime {

// The expression has been validated, so it cannot fail.
Val evaluate(InstanceObject& instance, const wasm::ConstExpr& expression);

}  // namespace cairn::runtime

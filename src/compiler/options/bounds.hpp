// Which memories guard pages can bound: one rule for the compiler, which leaves checks out, and the runtime, which
// reserves the guards (INV-5).
#pragma once

#include "compiler/options/options.hpp"
#include "wasm/types/types.hpp"

namespace cairn::compiler {

// 32-bit addresses reach no further than 4 GiB and a guard, and pages of 64 KiB end where the machine's do.
constexpr bool can_have_guards(const wasm::MemoryType& type) {
  return type.address == wasm::AddressType::i32 && type.page_size_log2 == 16;
}

// Whether code compiled for `bounds` accesses memories of this type without checks.
constexpr bool relies_on_guards(const wasm::MemoryType& type, BoundsMode bounds) {
  return bounds == BoundsMode::guard && can_have_guards(type);
}

}  // namespace cairn::compiler

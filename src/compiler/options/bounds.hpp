// Says which memories guard pages can bound. The compiler, which omits checks, and the runtime, which reserves the
// guards, share this rule (INV-5).
#pragma once

#include "compiler/options/options.hpp"
#include "wasm/types/types.hpp"

namespace cairn::compiler {

// A 32-bit address reaches no further than 4 GiB and a guard. Pages of 64 KiB end at a page boundary of the machine.
constexpr bool can_have_guards(const wasm::MemoryType& type) {
  return type.address == wasm::AddressType::i32 && type.page_size_log2 == 16;
}

// Whether code compiled for `bounds` accesses memories of this type without checks.
constexpr bool relies_on_guards(const wasm::MemoryType& type, BoundsMode bounds) {
  return bounds == BoundsMode::guard && can_have_guards(type);
}

}  // namespace cairn::compiler

// Says for which memories guard pages can replace bounds checks, so that accesses cost no instructions for checks
// (INV-5). The compiler, which omits the checks, and the runtime, which reserves the guards, share this rule.
#pragma once

#include "compiler/options/options.hpp"
#include "wasm/types/types.hpp"

namespace cairn::compiler {

// Whether guard pages can bound the accesses to memories of this type whose static offset is below abi::kGuardBytes.
// The sum of a 32-bit address and such an offset is inside the reserved 4 GiB or the guard after them. The length of a
// memory of 64 KiB pages is a multiple of the machine's page size, so inaccessible pages can begin right at its end.
constexpr bool can_have_guards(const wasm::MemoryType& type) {
  return type.address == wasm::AddressType::i32 && type.page_size_log2 == 16;
}

// Whether code compiled for `bounds` accesses memories of this type without checks, provided that the access's static
// offset is below abi::kGuardBytes. Accesses with larger offsets are always checked.
constexpr bool relies_on_guards(const wasm::MemoryType& type, BoundsMode bounds) {
  return bounds == BoundsMode::guard && can_have_guards(type);
}

}  // namespace cairn::compiler

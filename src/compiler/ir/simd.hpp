// The vector operations of the IR (simd.def). Each corresponds to the WebAssembly instruction of the same name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cairn::ir {

// A vector of 16 bytes, with lane 0 first.
using V128 = std::array<std::byte, 16>;

enum class SimdOp : uint16_t {
#define CAIRN_SIMD(name, text) name,
#include "compiler/ir/simd.def"
#undef CAIRN_SIMD
};

// Returns the operation's name in the text form.
std::string_view to_string(SimdOp op);

}  // namespace cairn::ir

// Checks UTF-8 as the specification defines it ([wasm 5.2.4]): shortest forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <span>

namespace cairn::wasm {

// Whether the bytes are well-formed UTF-8.
bool is_utf8(std::span<const std::byte> bytes);

}  // namespace cairn::wasm

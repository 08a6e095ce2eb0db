// The binary format ([wasm 5]): bytes to a Module, everything validated but the function bodies.
#pragma once

#include "wasm/module.hpp"

namespace cairn::wasm {

// Decodes and validates sections 0-13. Takes the bytes, which the module then owns. Function bodies are delimited but
// not looked into: validate_function (wasm/validation/validator.hpp) does that, one function at a time, in any order,
// so that it can be done while compiling and on several CPUs. Limits are those of wasm/types/limits.hpp.
Result<Module> decode_module(std::vector<std::byte> bytes, Features features);

// Decodes the module and validates every body, without compiling anything.
Result<Module> decode_and_validate(std::vector<std::byte> bytes, Features features);

}  // namespace cairn::wasm

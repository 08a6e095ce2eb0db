// Decodes the binary format ([wasm 5]) to a Module and validates everything except function bodies.
#pragma once

#include "wasm/module.hpp"

namespace cairn::wasm {

// Decodes and validates all sections. The module owns the bytes afterwards. The decoder finds the function bodies, but
// does not look into them: FunctionValidator (wasm/validation/validator.hpp) validates one function at a time, in any
// order, so that validation can run during compilation and on several CPUs. The limits on a module's size and on the
// numbers of its parts are in wasm/types/limits.hpp.
Result<Module> decode_module(std::vector<std::byte> bytes, Features features);

// Decodes the module and validates every body, without compiling anything.
Result<Module> decode_and_validate(std::vector<std::byte> bytes, Features features);

}  // namespace cairn::wasm

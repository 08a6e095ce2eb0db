// The compiler's entry: a decoded module to a code object (codegen/code_object.hpp). It keeps no state and touches no
// instance; equal inputs give equal bytes.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.hpp"
#include "compiler/options.hpp"
#include "wasm/module.hpp"

namespace cairn::compiler {

// Validates and compiles every function of the module, and the trampolines for the signatures that the host may call or
// define. Errors: invalid or unsupported code with its offset; limit when a function exceeds its budget.
Result<std::vector<std::byte>> compile_module(const wasm::Module& module, const Options& options);

}  // namespace cairn::compiler

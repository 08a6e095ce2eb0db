// The entry point of the builder, which turns a function's bytes into IR.
#pragma once

#include "base/result.hpp"
#include "compiler/build/module_context.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::wasm {
class FunctionValidator;
}

namespace cairn::compiler {

// Decodes, validates and builds one function that the module defines. `function` must be empty, and gets the result. If
// Options::optimize is set, instructions are simplified as they are made. Errors: malformed or invalid code;
// unsupported instructions; limit, if the budget of the function's arena is not enough, or if branches bring too many
// locals together (Builder::kMaximumMergeWork).
Result<void> build_function(const ModuleContext& context, wasm::FunctionValidator& validator, wasm::FuncIndex index,
                            ir::Function& function);

}  // namespace cairn::compiler

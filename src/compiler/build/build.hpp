// The entry point of the builder, which turns a function's bytes into IR.
#pragma once

#include "base/result.hpp"
#include "compiler/build/module_context.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::wasm {
class FunctionValidator;
}

namespace cairn::compiler {

// Decodes, validates and builds the function with the index `index`, which the module must define. `validator` must
// have been made for the same module as `context`. `function` must be empty, and gets the result. If Options::optimize
// is set, instructions are simplified as they are made. Errors, with the offset of the instruction in the module's
// bytes: malformed or invalid code; unsupported instructions; limit, if the budget of the function's arena is not
// enough, or if branches bring too many locals together (Builder::kMaximumMergeWork).
Result<void> build_function(const ModuleContext& context, wasm::FunctionValidator& validator, wasm::FuncIndex index,
                            ir::Function& function);

}  // namespace cairn::compiler

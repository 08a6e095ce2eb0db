// The front end: a function's bytes to IR.
#pragma once

#include "base/result.hpp"
#include "compiler/build/module_context.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::wasm {
class FunctionValidator;
}

namespace cairn::compiler {

// Decodes, validates and builds one function that the module defines into `function`, which is empty, in its arena. The
// result is simplified as it is made when Options::optimize is set. Errors: malformed or invalid code; unsupported
// instructions; limit when the arena's budget does not suffice.
Result<void> build_function(const ModuleContext& context, wasm::FunctionValidator& validator, wasm::FuncIndex index,
                            ir::Function& function);

}  // namespace cairn::compiler

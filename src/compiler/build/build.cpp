#include "compiler/build/build.hpp"

#include "compiler/build/builder.hpp"
#include "wasm/validation/validator.hpp"

namespace cairn::compiler {

Result<void> build_function(const ModuleContext& context, wasm::FunctionValidator& validator, wasm::FuncIndex index,
                            ir::Function& function) {
  Builder builder(context, function);
  CAIRN_TRY(validator.validate(index, builder));
  // Builder::at() returns false if an instruction before it was unsupported or exceeded the budget. The validator does
  // not call it after the last instruction, so it is called here.
  if (!builder.at(0)) return fail(builder.error());
  return {};
}

}  // namespace cairn::compiler

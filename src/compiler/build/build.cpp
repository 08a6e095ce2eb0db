#include "compiler/build/build.hpp"

#include "compiler/build/builder.hpp"
#include "wasm/validation/validator.hpp"

namespace cairn::compiler {

Result<void> build_function(const ModuleContext& context, wasm::FunctionValidator& validator, wasm::FuncIndex index,
                            ir::Function& function) {
  Builder builder(context, function);
  CAIRN_TRY(validator.validate(index, builder));
  // The validator calls at() before each instruction, so that an error in the last instruction is still unnoticed here.
  if (!builder.can_go_on()) return fail(builder.error());
  return {};
}

}  // namespace cairn::compiler

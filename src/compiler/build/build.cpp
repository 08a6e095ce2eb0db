#include "compiler/build/build.hpp"

#include "compiler/build/builder.hpp"
#include "wasm/validation/validator.hpp"

namespace cairn::compiler {

Result<void> build_function(const ModuleContext& context, wasm::FunctionValidator& validator, wasm::FuncIndex index,
                            ir::Function& function) {
  Builder builder(context, function);
  CAIRN_TRY(validator.validate(index, builder));
  // Builder::at(), which the validator calls before each instruction, stops the validation after an error in an earlier
  // instruction. An error in the last instruction is noticed here.
  if (!builder.can_go_on()) return fail(builder.error());
  return {};
}

}  // namespace cairn::compiler

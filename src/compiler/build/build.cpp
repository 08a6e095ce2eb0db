#include "compiler/build/build.hpp"

#include "compiler/build/builder.hpp"
#include "wasm/validation/validator.hpp"

namespace cairn::compiler {

Result<void> build_function(const ModuleContext& context, wasm::FunctionValidator& validator, wasm::FuncIndex index,
                            ir::Function& function) {
  Builder builder(context, function);
  CAIRN_TRY(validator.validate(index, builder));
  // The last instructions may have exceeded the budget, or may be unsupported.
  if (!builder.at(0)) return fail(builder.error());
  return {};
}

}  // namespace cairn::compiler

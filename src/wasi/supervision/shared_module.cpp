#include "wasi/supervision/shared_module.hpp"

#include "base/system_account.hpp"

namespace cairn::wasi {

Result<Ref<runtime::Module>> SharedModule::get(runtime::Engine& engine, System& system, Allowances& allowances,
                                               PhaseTimes& times) {
  const SystemAccountScope account;
  return module_.with([&](Ref<runtime::Module>& module) -> Result<Ref<runtime::Module>> {
    if (!module)
      module = CAIRN_TRY(Program::compile(engine, {bytes_.begin(), bytes_.end()}, system, allowances, times));
    CAIRN_TRY(Program::check_types(module->definition(), allowances));
    return module;
  });
}

}  // namespace cairn::wasi

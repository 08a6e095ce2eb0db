#include "runtime/configure.hpp"

#include "platform/platform.hpp"

namespace cairn::runtime {

wasm::Features executable_features() {
  return wasm::Features::all();
}

Result<EngineConfig> configure_engine(const BootConfig& config) {
  EngineConfig result;
  compiler::Options& options = result.compiler;
  options.architecture = platform::Platform::kArchitecture;
  options.cpu = platform::Platform::cpu_features();
  options.features = executable_features();
  options.bounds = config.bounds == BoundsMode::check ? compiler::BoundsMode::check : compiler::BoundsMode::guard;
  for (const std::string& option : config.engine_options) CAIRN_TRY(compiler::apply_option(options, option));
  for (const std::string& name : config.disabled_features) CAIRN_TRY(compiler::disable_feature(options, name));
  return result;
}

}  // namespace cairn::runtime

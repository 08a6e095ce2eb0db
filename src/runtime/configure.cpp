#include "runtime/configure.hpp"

#include <charconv>

#include "platform/platform.hpp"

namespace cairn::runtime {

wasm::Features executable_features() {
  return wasm::Features::all();
}

namespace {

// The runtime's own options; the others are the compiler's:
//   addresses=N   GiB of address space for memories
Result<void> apply_option(EngineConfig& config, std::string_view option) {
  constexpr std::string_view kAddresses = "addresses=";
  if (!option.starts_with(kAddresses)) return compiler::apply_option(config.compiler, option);
  const std::string_view value = option.substr(kAddresses.size());
  uint64_t gibibytes = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), gibibytes);
  if (error != std::errc() || end != value.data() + value.size() || gibibytes == 0 || gibibytes > uint64_t{1} << 17) {
    return fail(Error::of(ErrorKind::usage, "bad engine option `" + std::string(option) +
                                                "`: wanted addresses=N, a number of GiB up to 131072"));
  }
  config.memory_addresses = gibibytes << 30;
  return {};
}

}  // namespace

Result<EngineConfig> configure_engine(const BootConfig& config) {
  EngineConfig result;
  compiler::Options& options = result.compiler;
  options.architecture = platform::Platform::kArchitecture;
  options.cpu = platform::Platform::cpu_features();
  options.features = executable_features();
  options.bounds = config.bounds == BoundsMode::check ? compiler::BoundsMode::check : compiler::BoundsMode::guard;
  result.guards_required = config.bounds == BoundsMode::guard;
  for (const std::string& option : config.engine_options) CAIRN_TRY(apply_option(result, option));
  for (const std::string& name : config.disabled_features) CAIRN_TRY(compiler::disable_feature(options, name));
  return result;
}

}  // namespace cairn::runtime

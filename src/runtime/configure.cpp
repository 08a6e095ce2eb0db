#include "runtime/configure.hpp"

#include <algorithm>
#include <charconv>

#include "platform/platform.hpp"

namespace cairn::runtime {

wasm::Features executable_features() { return wasm::Features::all(); }

namespace {

template <class T>
bool parse_number(std::string_view text, T least, T most, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= least && number <= most;
}

bool parse_switch(std::string_view text, bool& value) {
  value = text == "on";
  return value || text == "off";
}

// Applies one option. These are the runtime's own options; the compiler knows all others:
//   addresses=N       GiB of address space for memories
//   gc-limit=N        MiB of address space for the heap of a store
//   gc-nursery=N      KiB that the nursery of a heap may take
//   gc-stress=on|off  whether every allocation collects
//   gc-verify=on|off  whether every collection checks the whole heap
Result<void> apply_option(EngineConfig& config, std::string_view option) {
  const size_t equals = std::min(option.find('='), option.size());
  const std::string_view key = option.substr(0, equals);
  const std::string_view value = option.substr(std::min(equals + 1, option.size()));
  const auto bad = [&](const std::string& wanted) {
    return fail(Error::of(ErrorKind::usage, "bad engine option `" + std::string(option) + "`: wanted " + wanted));
  };
  uint64_t number = 0;
  if (key == "addresses") {
    if (!parse_number<uint64_t>(value, 1, uint64_t{1} << 17, number))
      return bad("addresses=N, a number of GiB up to 131072");
    config.memory_addresses = number << 30;
  } else if (key == "gc-limit") {
    if (!parse_number<uint64_t>(value, 4, 4096, number)) return bad("gc-limit=N, a number of MiB from 4 to 4096");
    config.heap.limit_bytes = number << 20;
  } else if (key == "gc-nursery") {
    if (!parse_number<uint64_t>(value, 64, 65536, number)) return bad("gc-nursery=N, a number of KiB from 64 to 65536");
    config.heap.nursery_bytes = number << 10;
  } else if (key == "gc-stress") {
    if (!parse_switch(value, config.heap.stress)) return bad("gc-stress=on or gc-stress=off");
  } else if (key == "gc-verify") {
    if (!parse_switch(value, config.heap.verify)) return bad("gc-verify=on or gc-verify=off");
  } else {
    return compiler::apply_option(config.compiler, option);
  }
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

// Fuzzes instantiation and execution: modules, mutated so that they mostly stay valid, get made-up imports, and the
// functions that they export are called (testing/trial/trial.hpp). The compiler's checkers are on. The code may trap,
// and a limit on time ends it if it runs for ever.
#include "runtime/configure.hpp"
#include "support/check.hpp"
#include "support/guest_scope.hpp"
#include "support/input.hpp"
#include "support/module_target.hpp"
#include "testing/trial/trial.hpp"
#include "wasi/fake_system.hpp"

using namespace cairn;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  BootConfig boot;
  if (size != 0 && data[size - 1] % 8 == 0) boot.bounds = BoundsMode::check;
  if (size != 0 && data[size - 1] % 8 == 1) boot.engine_options = {"opt=none"};
  auto config = runtime::configure_engine(boot);
  fuzz::check(config.has_value(), "no engine");
  config->guest_stack_bytes = size_t{1} << 20;
  config->compiler.function_budget_bytes = size_t{256} << 20;
  wasi::FakeSystem system;
  const wasi::TrialLimits limits{.memory_bytes = uint64_t{4} << 20, .table_elements = 10'000, .calls = 16};
  (void)wasi::try_module(*config, fuzz::to_bytes(data, size), system, limits, wasi::within(fuzz::kGuestNanoseconds));
  return 0;
}

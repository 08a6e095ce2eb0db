#include "kernel/testing/scripts.hpp"

#include <functional>
#include <memory>
#include <utility>

#include "base/format.hpp"
#include "kernel/devices/console.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/program/engine_config.hpp"
#include "kernel/program/records.hpp"
#include "kernel/testing/function_fiber.hpp"
#include "testing/wast/script_runner.hpp"

namespace cairn::kernel {
namespace {

// Starts a thread of a script, and returns the function that waits for its end. If there is no memory for a fiber, that
// function runs the thread.
std::function<void()> start_thread(std::function<void()> body) {
  auto fiber = std::make_unique<FunctionFiber>(body);
  if (!start(*fiber)) return body;
  return [owned = fiber.release()] {
    const std::unique_ptr<FunctionFiber> ended(owned);
    join(*ended);
  };
}

Result<int> run(const Bundle& bundle) {
  const auto engine = CAIRN_TRY(runtime::Engine::create(CAIRN_TRY(engine_config(bundle.config))));
  runtime::ScriptRunner runner(
      *engine, [](std::string_view line) { console::write(Port::standard_output, std::string(line) + "\n"); },
      start_thread, bundle.config.limit_nanoseconds);
  const runtime::ScriptTotals& totals = runner.totals();
  uint64_t number = 0;
  for (const CpioEntry& file : bundle.files) {
    if (file.kind != CpioKind::file) continue;
    send_record(control_record::kBegin, {}, number++);
    runner.run(file.name, {reinterpret_cast<const char*>(file.data.data()), file.data.size()});
    send_record(control_record::kTotals, decimal(totals.passed), totals.failed);
  }
  send_record(control_record::kBegin, {}, number);
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace

int run_scripts(const Bundle& bundle) {
  const Result<int> status = run(bundle);
  if (status) return *status;
  console::write(Port::standard_error, "cairn: " + status.error().to_string() + "\n");
  return exit_status::kSystem;
}

}  // namespace cairn::kernel

#include "kernel/testing/trials.hpp"

#include "base/format.hpp"
#include "kernel/devices/console.hpp"
#include "kernel/program/engine_config.hpp"
#include "kernel/program/records.hpp"
#include "kernel/program/system.hpp"
#include "kernel/testing/account.hpp"
#include "testing/trial/trial.hpp"

namespace cairn::kernel {
namespace {

void print(std::string_view name, std::string_view what) {
  std::string line(name);
  console::write(Port::standard_output, line.append(": ").append(what).append("\n"));
}

Result<int> run(const Bundle& bundle) {
  const runtime::EngineConfig config = CAIRN_TRY(engine_config(bundle.config));
  KernelSystem machine;
  wasi::SleeplessSystem system(machine);
  const wasi::TrialScope enter = wasi::within(wasi::kTrialNanoseconds);
  uint64_t passed = 0, failed = 0, number = 0;
  bool is_warm = false;
  for (const CpioEntry& file : bundle.files) {
    if (file.kind != CpioKind::file) continue;
    send_record(control_record::kBegin, {}, number++);
    const auto attempt = [&] {
      return wasi::try_module(config, {file.data.begin(), file.data.end()}, system, {}, enter);
    };
    // The first run is not counted, because objects that are made on first use stay.
    if (!is_warm) (void)attempt();
    if (!is_warm) console::write(Port::standard_output, std::string_view{});
    is_warm = true;
    const Account before = Account::now();
    print(file.name, attempt());
    const std::string left = Account::now().difference(before);
    if (!left.empty()) print("FAIL " + std::string(file.name), left);
    ++(left.empty() ? passed : failed);
    send_record(control_record::kTotals, decimal(passed), failed);
  }
  send_record(control_record::kBegin, {}, number);
  return failed == 0 && passed != 0 ? 0 : 1;
}

}  // namespace

int run_trials(const Bundle& bundle) {
  const Result<int> status = run(bundle);
  if (status) return *status;
  console::write(Port::standard_error, "cairn: " + status.error().to_string() + "\n");
  return exit_status::kSystem;
}

}  // namespace cairn::kernel

// Runs a program within its time limits, and says whether a limit or a kill has ended it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/program_config.hpp"
#include "runtime/time_limit.hpp"
#include "wasi/program.hpp"
#include "wasi/supervision/kill_switch.hpp"

namespace cairn::wasi {

struct LimitedRun {
  Result<ProgramResult> result;
  std::optional<runtime::TimeEnd> time_end;  // set if a limit or a kill has ended the program
  std::string message;                       // a line that tells the user about time_end; empty without time_end

  // Returns a run that did not begin, because of `error`.
  static LimitedRun failed(Error error) {
    return {.result = std::unexpected(std::move(error)), .time_end = std::nullopt, .message = {}};
  }
};

// Calls `run()`, which compiles and runs the program on this thread and returns Result<ProgramResult>. `limit` is the
// thread's time limit, and `kill_switch` can end the run earlier.
template <class Run>
LimitedRun run_within(runtime::TimeLimit& limit, KillSwitch& kill_switch, Run run) {
  kill_switch.begin(limit);
  LimitedRun ended{.result = run(), .time_end = std::nullopt, .message = {}};
  kill_switch.end();
  if (ended.result && !ended.result->trap) return ended;
  if (ended.result && ended.result->is_over_cpu_limit) {
    ended.time_end = runtime::TimeEnd::cpu_limit;
  } else if (ended.result && ended.result->thread != 0) {
    return ended;  // another thread trapped, and has ended the main thread by the main thread's TimeLimit
  } else {
    ended.time_end = runtime::TimeLimit::ended();
  }
  if (!ended.time_end) return ended;
  ended.message = "cairn: the program " + limit.describe(*ended.time_end) + "\n";
  // The program was ended before its code ran.
  if (!ended.result)
    ended.result =
        ProgramResult{.exit_status = 0, .output = {}, .trap = runtime::Trap::of(wasm::TrapKind::interrupted)};
  return ended;
}

// Calls `run(TimeLimit&)` as run_within() does. The time limit comes from `config`.
template <class Run>
LimitedRun run_limited(const ProgramConfig& config, KillSwitch& kill_switch, Run run) {
  runtime::TimeLimit limit(runtime::time_limits(config.limits));
  return run_within(limit, kill_switch, [&] { return run(limit); });
}

}  // namespace cairn::wasi

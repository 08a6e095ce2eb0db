// Runs scripts of the specification's test suite and counts their assertions.
//
// An assertion passes only when what it asserts was observed. Traps, unlinkable, invalid and malformed modules are
// compared by their message, which must begin with the script's text, as in the reference interpreter. Directives that
// are not assertions (a module, a registration, an action) count only when they fail. No directive is skipped.
//
// A module can import from a named instance by its name unless that name has been registered. Scripts of other engines
// rely on this.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.hpp"
#include "runtime/engine.hpp"

namespace cairn::runtime {

struct ScriptTotals {
  uint64_t passed = 0;
  uint64_t failed = 0;
};

// Starts a thread that runs `body`, and returns a function that waits for its end.
using StartThread = std::function<std::function<void()>(std::function<void()> body)>;

// Runs scripts and adds up their results. Threads of scripts, `(thread $t (shared (module $m)) ...)`, run in stores of
// their own and have the shared memories that the named instances export. They run at the same time as the script where
// threads can be started; elsewhere each runs when it is waited for, or else at the script's end.
class ScriptRunner {
 public:
  // `print` gets one line for each failure, "file:line: directive: what was observed", without its newline. A script
  // that is not done after `limit_nanoseconds` (0: no limit) is ended, which is a failure, too.
  ScriptRunner(Engine& engine, std::function<void(std::string_view)> print, StartThread start_thread = {},
               uint64_t limit_nanoseconds = 0)
      : engine_(engine), print_(std::move(print)), start_thread_(std::move(start_thread)), limit_(limit_nanoseconds) {}

  // Runs one script in a store of its own. `name` begins the lines about it.
  void run(std::string_view name, std::string_view source);
  // Counts a failure and prints its line.
  void count_failure(std::string_view line);

  [[nodiscard]] const ScriptTotals& totals() const { return totals_; }

 private:
  Engine& engine_;
  std::function<void(std::string_view)> print_;
  StartThread start_thread_;
  uint64_t limit_;
  ScriptTotals totals_;
};

}  // namespace cairn::runtime

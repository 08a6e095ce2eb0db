// Runs scripts of the specification's test suite and counts their assertions.
//
// An assertion passes only when what it asserts was observed. Traps, unlinkable, invalid and malformed modules are
// compared by their message, of which the script has the beginning, as the reference interpreter does. What is not an
// assertion (a module, a registration, an action) counts only when it fails. Nothing is skipped.
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

class ScriptRunner {
 public:
  // `print` gets one line for each failure, "file:line: directive: what was observed", without its newline.
  ScriptRunner(Engine& engine, std::function<void(std::string_view)> print)
      : engine_(engine), print_(std::move(print)) {}

  // Runs one script in a store of its own. `name` begins the lines about it.
  void run(std::string_view name, std::string_view source);
  // Something that should have been a script but could not be read.
  void count_failure(std::string_view line);

  [[nodiscard]] const ScriptTotals& totals() const { return totals_; }

 private:
  Engine& engine_;
  std::function<void(std::string_view)> print_;
  ScriptTotals totals_;
};

}  // namespace cairn::runtime

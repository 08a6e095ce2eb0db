#include "compiler/opt/pipeline.hpp"

#include "base/format.hpp"
#include "compiler/ir/verifier.hpp"
#include "compiler/opt/passes.hpp"

namespace cairn::opt {

namespace {

Error out_of_budget(const ir::Function& function) {
  return Error::of(ErrorKind::limit, "function " + decimal(function.function_index) +
                                         " needs more memory to compile than the limit of " +
                                         decimal(uint64_t{function.arena.budget()}) + " bytes");
}

// Verifies the function after the pass with this name, if `verify` is set. An error is a failed assertion.
void check(const ir::Function& function, bool verify, const char* pass) {
  if (!verify) return;
  if (const auto error = ir::verify(function)) {
    const std::string message = "IR of function " + decimal(function.function_index) + " after " + pass + ": " + *error;
    assertion_failed(message.c_str(), __FILE__, __LINE__);
  }
}

}  // namespace

Result<void> optimize(ir::Function& function, const compiler::Options& options) {
  const bool verify = options.verify || CAIRN_DEBUG;
  struct Pass {
    const char* name;
    void (*run)(ir::Function&, Analyses&);
  };
  static constexpr Pass kPasses[] = {
      {"simplify_params", simplify_params},     {"number_values", number_values},
      {"simplify_branches", simplify_branches}, {"remove_objects", remove_objects},
      {"expand_tests", expand_tests},           {"hoist_invariants", hoist_invariants},
      {"remove_dead_code", remove_dead_code},
  };
  check(function, verify, "build");
  Analyses analyses(function);
  if (options.optimize) {
    for (const Pass& pass : kPasses) {
      pass.run(function, analyses);
      if (function.arena.exhausted()) return fail(out_of_budget(function));
      check(function, verify, pass.name);
    }
  } else {
    expand_tests(function, analyses);
    if (function.arena.exhausted()) return fail(out_of_budget(function));
    check(function, verify, "expand_tests");
  }
  ir::mark_loops(function, analyses.flow(), analyses.flow().has_cycles() ? &analyses.loops() : nullptr);
  if (function.arena.exhausted()) return fail(out_of_budget(function));
  return {};
}

}  // namespace cairn::opt

// Runs the text tests of the builder and the optimizer: tests/compiler/*.txt. A file holds cases:
//
//   === name: steps
//   a module in WebAssembly's text format, or one function of IR
//   --- expected
//   the IR of the module's functions after the steps, or the message of an error
//
// Steps are separated by spaces. The first step of a module is `build` (simplified), `plain` (not simplified) or
// `check` (simplified, with explicit bounds checks). Each further step, and each step of a function of IR, is the name
// of a pass, or `optimize` for all passes. If the environment variable CAIRN_BLESS is set, the expected parts are
// rewritten instead of compared.
#include "wasm/text/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/testing/text_cases.hpp"
#include "compiler/build/build.hpp"
#include "compiler/ir/parser.hpp"
#include "compiler/ir/printer.hpp"
#include "compiler/ir/verifier.hpp"
#include "compiler/opt/passes.hpp"
#include "compiler/opt/pipeline.hpp"
#include "wasm/decoder.hpp"
#include "wasm/validation/validator.hpp"

namespace cairn::compiler {
namespace {

using testing::TextCase;

// Returns the steps in the heading of a case.
std::vector<std::string> steps_of(const TextCase& c) {
  std::istringstream words(c.heading.substr(c.heading.rfind(':') + 1));
  std::vector<std::string> result;
  for (std::string word; words >> word;) result.push_back(word);
  return result;
}

// Applies one pass, or all passes for `optimize`. Returns false if no pass has the name, or if `optimize` exceeds the
// budget of memory.
bool apply(const std::string& step, ir::Function& function, const Options& options) {
  static constexpr std::pair<const char*, void (*)(ir::Function&, opt::Analyses&)> kPasses[] = {
      {"simplify_params", opt::simplify_params},     {"number_values", opt::number_values},
      {"simplify_branches", opt::simplify_branches}, {"hoist_invariants", opt::hoist_invariants},
      {"remove_dead_code", opt::remove_dead_code},   {"remove_objects", opt::remove_objects},
      {"expand_tests", opt::expand_tests},
  };
  if (step == "optimize") return opt::optimize(function, options).has_value();
  const auto* pass = std::ranges::find(kPasses, step, [](const auto& p) { return p.first; });
  if (pass == std::end(kPasses)) return false;
  opt::Analyses analyses(function);
  pass->second(function, analyses);
  return true;
}

// Applies the steps, and returns the text of the resulting IR. Returns a message instead if a step has an unknown name,
// or if the verifier finds an error before a step. For an error after the last step, the text follows the message.
std::string finish(ir::Function& function, std::span<const std::string> steps, const Options& options) {
  for (const std::string& step : steps) {
    if (const auto error = ir::verify(function)) return "before " + step + ": " + *error + "\n";
    if (!apply(step, function, options)) return "no step is named " + step + "\n";
  }
  if (const auto error = ir::verify(function)) return *error + "\n" + ir::to_string(function, ir::Numbering::raw);
  return ir::to_string(function);
}

// Returns what the case should expect: the text of all functions after the steps, or a message.
std::string run(const TextCase& c) {
  std::vector<std::string> steps = steps_of(c);
  Options options;
  options.verify = true;
  Arena arena(size_t{64} << 20);
  if (c.input.find("(module") == std::string::npos) {
    ir::Function function(arena);
    if (const auto parsed = ir::parse(c.input, function); !parsed) return parsed.error().to_string() + "\n";
    return finish(function, steps, options);
  }
  if (steps.empty()) return "no steps\n";
  options.optimize = steps[0] != "plain";
  if (steps[0] == "check") options.bounds = BoundsMode::check;
  auto bytes = wasm::text::assemble(c.input, "test", wasm::Features::all());
  if (!bytes) return bytes.error().to_string() + "\n";
  const auto module = wasm::decode_module(std::move(*bytes), wasm::Features::all());
  if (!module) return module.error().to_string() + "\n";
  const ModuleContext context(*module, options);
  wasm::FunctionValidator validator(*module);
  std::string text;
  for (uint32_t i = module->imported_functions; i < module->functions.size(); ++i) {
    ir::Function function(arena);
    const auto built = build_function(context, validator, wasm::FuncIndex(i), function);
    text += built ? finish(function, std::span(steps).subspan(1), options) : built.error().to_string() + "\n";
  }
  return text;
}

TEST(CompilerText, Files) { EXPECT_GT(testing::check_text_cases(CAIRN_SOURCE_DIR "/tests/compiler", run), 0U); }

}  // namespace
}  // namespace cairn::compiler

// Fuzzes the parser of the compiler's IR with any text.
//
// The verifier may refuse a function that parses. Otherwise the function prints the same again after it was printed and
// parsed, and goes through the optimizer, which verifies the function after each pass.
#include "base/arena.hpp"
#include "compiler/ir/parser.hpp"
#include "compiler/ir/printer.hpp"
#include "compiler/ir/verifier.hpp"
#include "compiler/opt/pipeline.hpp"
#include "support/check.hpp"
#include "support/input.hpp"

using namespace cairn;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kBudget = size_t{64} << 20;
  Arena arena(kBudget);
  ir::Function function(arena);
  if (!ir::parse(fuzz::as_text(data, size), function)) return 0;
  if (ir::verify(function)) return 0;
  const std::string text = ir::to_string(function);
  {
    Arena other(kBudget);
    ir::Function again(other);
    const Result<void> parsed = ir::parse(text, again);
    if (!parsed) fuzz::finding("what was printed does not parse: " + parsed.error().to_string() + "\n" + text);
    const std::string text_again = ir::to_string(again);
    if (text_again != text) fuzz::finding("printed twice, different texts:\n" + text + text_again);
  }
  (void)opt::optimize(function, {});
  return 0;
}

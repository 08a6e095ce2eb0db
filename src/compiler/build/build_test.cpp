// Compares random functions that are built plainly with the same functions built and optimized. The environment
// variable CAIRN_RANDOM_SEEDS sets the number of functions; it is 300 by default.
#include "compiler/build/build.hpp"

#include <gtest/gtest.h>

#include "compiler/build/random_body.hpp"
#include "compiler/ir/interpreter.hpp"
#include "compiler/ir/parser.hpp"
#include "compiler/ir/printer.hpp"
#include "compiler/ir/verifier.hpp"
#include "compiler/opt/pipeline.hpp"
#include "wasm/decoder.hpp"
#include "wasm/validation/validator.hpp"

namespace cairn::compiler {
namespace {

// The outcome of an evaluation, and the bytes of the VMContext and of memory 0 after it.
struct Run {
  ir::Outcome outcome;
  std::vector<std::byte> context;
  std::vector<std::byte> memory;
};

// Evaluates the function for at most 200,000 instructions.
Run run(const ir::Function& function, const std::vector<uint64_t>& arguments) {
  Run result;
  result.context.resize(4096);
  // The VMContext is all zeros. It lacks the length of memory 0, which only code with BoundsMode::check reads.
  result.memory.resize(65536);
  for (size_t i = 0; i < result.memory.size(); ++i) result.memory[i] = static_cast<std::byte>(i * 7 + (i >> 8));
  result.outcome = ir::Interpreter(function, result.context, result.memory).run(arguments, 200'000);
  return result;
}

// Builds the function of the random module with this seed plainly and optimized, and compares results, traps, memories
// and VMContexts. A call whose plain evaluation takes too many instructions is not compared.
void compare(uint64_t seed) {
  auto module = wasm::decode_module(RandomModule(seed).make(), wasm::Features::all());
  ASSERT_TRUE(module) << module.error().to_string();
  std::mt19937_64 random(seed);
  std::vector<std::vector<uint64_t>> arguments;
  // Three sets of arguments are arbitrary numbers, and three are numbers below 2^8 (i32) or 2^14 (i64, f64).
  for (int i = 0; i < 6; ++i) {
    const uint64_t shift = i < 3 ? 0 : 24;
    const uint64_t shift64 = i < 3 ? 0 : 50;
    arguments.push_back({(random() & 0xffff'ffff) >> shift, (random() & 0xffff'ffff) >> shift, random() >> shift64,
                         random() >> shift64, std::bit_cast<uint64_t>(static_cast<double>(random() >> shift64))});
  }
  std::vector<Run> expected;
  std::string plain_text;
  for (const bool optimize : {false, true}) {
    Options options;
    options.optimize = optimize;
    options.verify = true;
    const ModuleContext context(*module, options);
    wasm::FunctionValidator validator(*module);
    Arena arena(size_t{64} << 20);
    ir::Function function(arena);
    const auto built = build_function(context, validator, wasm::FuncIndex(0), function);
    ASSERT_TRUE(built) << built.error().to_string();
    const auto error = ir::verify(function);
    ASSERT_FALSE(error) << *error << "\n" << ir::to_string(function, ir::Numbering::raw);
    ASSERT_TRUE(opt::optimize(function, options));
    const std::string text = ir::to_string(function);
    if (!optimize) plain_text = text;

    // The text form must be complete: the parser makes the same function from it.
    ir::Function again(arena);
    const auto parsed = ir::parse(text, again);
    ASSERT_TRUE(parsed) << parsed.error().to_string() << "\n" << text;
    ASSERT_EQ(ir::to_string(again), text);

    for (size_t i = 0; i < arguments.size(); ++i) {
      const Run actual = run(optimize ? again : function, arguments[i]);
      ASSERT_NE(actual.outcome.kind, ir::Outcome::Kind::unsupported) << ir::facts(actual.outcome.unsupported).text;
      if (!optimize) {
        expected.push_back(actual);
        continue;
      }
      if (expected[i].outcome.kind == ir::Outcome::Kind::out_of_steps) continue;
      ASSERT_EQ(actual.outcome.kind, expected[i].outcome.kind) << plain_text << text;
      ASSERT_EQ(actual.outcome.results, expected[i].outcome.results) << plain_text << text;
      ASSERT_EQ(actual.outcome.trap, expected[i].outcome.trap) << plain_text << text;
      ASSERT_EQ(actual.memory, expected[i].memory) << plain_text << text;
      ASSERT_EQ(actual.context, expected[i].context) << plain_text << text;
    }
  }
}

TEST(Build, OptimizedRandomFunctionsDoTheSame) {
  const char* seeds = std::getenv("CAIRN_RANDOM_SEEDS");
  const uint64_t count = seeds != nullptr ? std::strtoull(seeds, nullptr, 10) : 300;
  for (uint64_t seed = 1; seed <= count; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    compare(seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace cairn::compiler

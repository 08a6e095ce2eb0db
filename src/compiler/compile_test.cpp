// Tests that a compilation ends with an error when it exceeds its budget of memory, as INV-4 demands.
#include "compiler/compile.hpp"

#include <gtest/gtest.h>

#include <string>

#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"

namespace cairn::compiler {
namespace {

// Returns a module of `count` functions that add 7 to their parameter.
wasm::Module functions(size_t count) {
  std::string text = "(module";
  for (size_t i = 0; i < count; ++i) text += "(func (param i32) (result i32) (i32.add (local.get 0) (i32.const 7)))";
  auto bytes = wasm::text::assemble(text + ")", "test");
  EXPECT_TRUE(bytes.has_value());
  auto module = wasm::decode_module(std::move(*bytes), wasm::Features::all());
  EXPECT_TRUE(module.has_value());
  return std::move(*module);
}

TEST(CompileBudget, OfOneFunction) {
  Options options;
  const wasm::Module module = functions(1);
  EXPECT_TRUE(compile_module(module, options).has_value());
  options.function_budget_bytes = 1000;
  const auto object = compile_module(module, options);
  ASSERT_FALSE(object.has_value());
  EXPECT_EQ(object.error().kind, ErrorKind::limit);
  EXPECT_EQ(object.error().message,
            "function 0 needs more memory to compile than the limit of 1000 bytes (function budget)");
  EXPECT_EQ(object.error().offset, module.functions[0].body_offset);
}

TEST(CompileBudget, OfMemoryIsForTheCodeToo) {
  Options options;
  options.memory_budget_bytes = 100'000;
  EXPECT_TRUE(compile_module(functions(1000), options).has_value());
  const auto object = compile_module(functions(40'000), options);
  ASSERT_FALSE(object.has_value());
  EXPECT_EQ(object.error().kind, ErrorKind::limit);
  EXPECT_TRUE(
      object.error().message.ends_with("more memory to compile than the limit of 100000 bytes (compile-memory)"))
      << object.error().message;
}

TEST(CompileBudget, OfAModuleIsForAllItsFunctions) {
  Options options;
  options.module_budget_bytes = 100'000;
  options.module_budget_per_byte = 0;
  options.module_budget_per_function = 0;
  EXPECT_TRUE(compile_module(functions(1), options).has_value());
  const auto object = compile_module(functions(1000), options);
  ASSERT_FALSE(object.has_value());
  EXPECT_EQ(object.error().kind, ErrorKind::limit);
  EXPECT_TRUE(
      object.error().message.ends_with("needs more memory to compile than the limit of 100000 bytes for this module "
                                       "(100000, 0 for each of its bytes and 0 for each function)"))
      << object.error().message;
  EXPECT_FALSE(object.error().message.starts_with("function 0 ")) << object.error().message;

  options.module_budget_per_byte = Options().module_budget_per_byte;
  options.module_budget_per_function = Options().module_budget_per_function;
  EXPECT_TRUE(compile_module(functions(1000), options).has_value());
}

}  // namespace
}  // namespace cairn::compiler

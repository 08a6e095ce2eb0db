// The fixture of tests that run real modules.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/calls/func.hpp"
#include "runtime/configure.hpp"
#include "runtime/linker.hpp"
#include "wasm/text/text.hpp"

namespace cairn::runtime {

// The fixture has an engine, a store and a linker, and short ways to compile modules from text, instantiate and call.
// compile(), instantiate() and invoke_i32() fail the test on any error; try_instantiate() and invoke() return traps.
// trap_of() returns the message of a call's trap, or "no trap".
class RuntimeTest : public testing::Test {
 protected:
  explicit RuntimeTest(size_t guest_stack_bytes = EngineConfig{}.guest_stack_bytes)
      : guest_stack_bytes_(guest_stack_bytes) {}

  void SetUp() override {
    BootConfig chosen;
    chosen.engine_options = engine_options_;
    Result<EngineConfig> config = configure_engine(chosen);
    ASSERT_TRUE(config) << config.error().to_string();
    config->guest_stack_bytes = guest_stack_bytes_;
    auto engine = Engine::create(*config);
    ASSERT_TRUE(engine) << engine.error().to_string();
    engine_ = std::move(*engine);
    store_ = *Store::create(*engine_);
    linker_ = std::make_unique<Linker>(*store_);
  }
  Ref<Module> compile(std::string_view text) {
    auto bytes = wasm::text::assemble(text, "test.wat");
    EXPECT_TRUE(bytes) << bytes.error().to_string();
    auto module = Module::create(*engine_, std::move(*bytes));
    EXPECT_TRUE(module) << module.error().to_string();
    return *module;
  }
  Outcome<Instance> try_instantiate(std::string_view text) { return linker_->instantiate(compile(text)); }
  Instance instantiate(std::string_view text) {
    auto instance = try_instantiate(text);
    EXPECT_TRUE(instance) << instance.error().what();
    return *instance;
  }
  std::expected<std::vector<Val>, Trap> invoke(Instance instance, std::string_view name,
                                               std::vector<Val> arguments = {}) {
    const auto function = get_export_as<Func>(*store_, instance, name);
    EXPECT_TRUE(function) << name;
    return call(*store_, *function, arguments);
  }
  int32_t invoke_i32(Instance instance, std::string_view name, std::vector<Val> arguments = {}) {
    auto result = invoke(instance, name, std::move(arguments));
    EXPECT_TRUE(result) << result.error().to_string();
    return result ? result->at(0).as_i32() : -1;
  }
  std::string trap_of(Instance instance, std::string_view name, std::vector<Val> arguments = {}) {
    auto result = invoke(instance, name, std::move(arguments));
    return result ? "no trap" : result.error().what();
  }

  size_t guest_stack_bytes_;
  std::vector<std::string> engine_options_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Linker> linker_;
};

}  // namespace cairn::runtime

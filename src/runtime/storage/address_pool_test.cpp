// Tests how address space is divided among memories, and engines that have too little of it for guard pages.
#include "runtime/storage/address_pool.hpp"

#include <gtest/gtest.h>

#include "abi/vmcontext.hpp"
#include "platform/platform.hpp"
#include "testing/runtime/runtime_test.hpp"

namespace cairn::runtime {
namespace {

using compiler::BoundsMode;

constexpr uint64_t kGiB = uint64_t{1} << 30;

TEST(AddressPool, GuardsTakeThreeQuartersOfTheBudget) {
  AddressPool pool(20 * kGiB);
  EXPECT_TRUE(pool.has_room_for_guards());
  const auto first = pool.reserve_guarded(), second = pool.reserve_guarded();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->size(), abi::kGuardedReservation);
  EXPECT_FALSE(pool.has_room_for_guards());
  const auto third = pool.reserve_guarded();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::resource);
  pool.release(*first, 0);
  EXPECT_TRUE(pool.has_room_for_guards());
  pool.release(*second, 0);
}

TEST(AddressPool, RangesAreUsedAgainAndEmpty) {
  AddressPool pool(20 * kGiB);
  const std::span<std::byte> range = *pool.reserve_checked(0, 1 << 20);
  ASSERT_EQ(range.size(), size_t{1} << 20);
  ASSERT_TRUE(platform::Platform::commit(range.first(65536)));
  range[123] = std::byte{7};
  pool.release(range, 65536);
  const std::span<std::byte> again = *pool.reserve_checked(0, 1 << 20);
  EXPECT_EQ(again.data(), range.data());
  ASSERT_TRUE(platform::Platform::commit(again.first(65536)));
  EXPECT_EQ(again[123], std::byte{0});
  pool.release(again, 65536);
}

TEST(AddressPool, MemoriesWithoutGuardsGetLessAndLess) {
  AddressPool pool(16 * kGiB);
  std::vector<std::span<std::byte>> ranges;
  for (int i = 0; i < 2000; ++i) {
    auto range = pool.reserve_checked(65536, 4 * kGiB);
    ASSERT_TRUE(range) << i << ": " << range.error().to_string();
    EXPECT_LE(range->size(), ranges.empty() ? 4 * kGiB : ranges.back().size());
    ranges.push_back(*range);
  }
  EXPECT_GE(ranges.front().size(), uint64_t{128} << 20);
  EXPECT_GE(ranges.back().size(), 65536u);
  // Memories with guards still find their share.
  const auto guarded = pool.reserve_guarded();
  EXPECT_TRUE(guarded);
  if (guarded) pool.release(*guarded, 0);
  for (const auto& range : ranges) pool.release(range, 0);
}

TEST(AddressPool, WhatIsNeededAtOnceIsAnErrorWhenItDoesNotFit) {
  AddressPool pool(2 * kGiB);
  EXPECT_FALSE(pool.reserve_checked(3 * kGiB, 3 * kGiB));
  EXPECT_FALSE(pool.reserve_checked(~uint64_t{0}, ~uint64_t{0}));
  const auto half = pool.reserve_checked(kGiB, kGiB);
  ASSERT_TRUE(half);
  EXPECT_FALSE(pool.reserve_checked(2 * kGiB, 2 * kGiB));
  pool.release(*half, 0);
  // Kept ranges are released to make room.
  const auto whole = pool.reserve_checked(2 * kGiB, 2 * kGiB);
  ASSERT_TRUE(whole);
  pool.release(*whole, 0);
}

// An engine with room for two memories with guards.
class ShortOfAddresses : public testing::Test {
 protected:
  void SetUp() override { start("addresses=20"); }
  void start(std::string option, cairn::BoundsMode bounds = cairn::BoundsMode::automatic) {
    BootConfig boot;
    boot.bounds = bounds;
    boot.engine_options.push_back(std::move(option));
    linker_.reset();
    store_.reset();
    engine_.reset();
    engine_ = *Engine::create(*configure_engine(boot));
    store_ = *Store::create(*engine_);
    linker_ = std::make_unique<Linker>(*store_);
  }
  Ref<Module> compile(std::string_view text) {
    return *Module::create(*engine_, *wasm::text::assemble(text, "test.wat"));
  }
  Instance instantiate(const Ref<Module>& module) {
    auto instance = linker_->instantiate(module);
    EXPECT_TRUE(instance) << instance.error().what();
    return *instance;
  }
  std::string load(Instance instance, int32_t address) {
    const auto result = call(*store_, *get_export_as<Func>(*store_, instance, "load"), {{Val::i32(address)}});
    return result ? std::to_string(result->at(0).as_i32()) : result.error().what();
  }
  bool has_guards(Instance instance) {
    return (*store_)[*get_export_as<Memory>(*store_, instance, "memory")].has_guards;
  }
  void expect_works(Instance instance) {
    EXPECT_EQ(load(instance, 0), "42");
    EXPECT_EQ(load(instance, 65532), "0");
    EXPECT_EQ(load(instance, 65533), "out of bounds memory access");
    EXPECT_EQ(load(instance, -1), "out of bounds memory access");
  }

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Linker> linker_;
};

constexpr std::string_view kOwner = R"((module (memory (export "memory") 1) (data (i32.const 0) "\2a")
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))))";
constexpr std::string_view kUser = R"((module (import "m" "memory" (memory 1))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))))";

TEST_F(ShortOfAddresses, LaterInstancesOfOneModuleAreChecked) {
  const Ref<Module> module = compile(kOwner);
  EXPECT_EQ(module->bounds(), BoundsMode::guard);
  for (int i = 0; i < 100; ++i) {
    const Instance instance = instantiate(module);
    EXPECT_EQ(has_guards(instance), i < 2);
    EXPECT_EQ((*store_)[instance].code == *module->code(BoundsMode::guard), i < 2);
    expect_works(instance);
  }
}

TEST_F(ShortOfAddresses, ModulesAreCompiledForWhatTheirMemoriesWillBe) {
  const Ref<Module> guarded = compile(kOwner);
  instantiate(guarded), instantiate(guarded);
  EXPECT_EQ(compile(kOwner)->bounds(), BoundsMode::check);
  EXPECT_EQ(compile("(module)")->bounds(), BoundsMode::guard);
  store_.reset();
  EXPECT_EQ(compile(kOwner)->bounds(), BoundsMode::guard);
}

// Tries code with and without checks on memories with and without guards. Code relies on guards only where there are
// some.
TEST_F(ShortOfAddresses, ImportsDecideTheCode) {
  const Ref<Module> owner = compile(kOwner), early_user = compile(kUser);
  EXPECT_EQ(early_user->bounds(), BoundsMode::guard);
  const Instance with_guards = instantiate(owner);
  ASSERT_TRUE(linker_->define_instance("m", with_guards));
  const Instance fast = instantiate(early_user);
  EXPECT_EQ((*store_)[fast].code, *early_user->code(BoundsMode::guard));
  expect_works(fast);

  instantiate(owner);
  const Instance without = instantiate(owner);
  EXPECT_FALSE(has_guards(without));
  const Ref<Module> late_user = compile(kUser);
  EXPECT_EQ(late_user->bounds(), BoundsMode::check);
  expect_works(instantiate(late_user));  // code with checks accesses a memory with guards

  linker_->allow_shadowing(true);
  ASSERT_TRUE(linker_->define_instance("m", without));
  for (const Ref<Module>& user : {early_user, late_user}) {
    const Instance careful = instantiate(user);
    EXPECT_EQ((*store_)[careful].code, *user->code(BoundsMode::check));
    expect_works(careful);
  }
}

TEST_F(ShortOfAddresses, MemoriesAreGivenBack) {
  const Ref<Module> module = compile(kOwner);
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(has_guards(instantiate(module)));
    EXPECT_TRUE(has_guards(instantiate(module)));
    EXPECT_FALSE(has_guards(instantiate(module)));
    linker_.reset();
    store_ = *Store::create(*engine_);
    linker_ = std::make_unique<Linker>(*store_);
  }
}

TEST_F(ShortOfAddresses, GuardsCanBeRequired) {
  start("addresses=20", cairn::BoundsMode::guard);
  const Ref<Module> module = compile(kOwner);
  instantiate(module), instantiate(module);
  const auto third = linker_->instantiate(module);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().error.kind, ErrorKind::resource);
  EXPECT_NE(third.error().what().find("no address space left"), std::string::npos);
}

// The engine has 192 GiB of addresses, as with Sv39, where addresses are scarcest, and must have room for thousands of
// instances.
TEST_F(ShortOfAddresses, ThousandsOfInstances) {
  start("addresses=192");
  const Ref<Module> module = compile(kOwner);
  Instance last;
  for (int i = 0; i < 3000; ++i) last = instantiate(module);
  expect_works(last);
}

// Most of the modules are destroyed again, and must leave nothing behind.
TEST_F(ShortOfAddresses, ThousandsOfModules) {
  start("addresses=192");
  for (int i = 0; i < 1000; ++i) {
    const Ref<Module> module = compile(kOwner);
    if (i % 100 == 0) expect_works(instantiate(module));
  }
}

}  // namespace
}  // namespace cairn::runtime

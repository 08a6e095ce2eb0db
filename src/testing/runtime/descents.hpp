// Tests of full stacks and of the largest frames, for unit tests on a host and for the kernels' own tests. The guest
// code fills its stack, and near the end of the stack calls itself through the host.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "abi/host_stack.hpp"
#include "base/format.hpp"
#include "runtime/calls/func.hpp"
#include "runtime/linker.hpp"
#include "wasm/text/text.hpp"

namespace cairn::runtime {

// The guest of check_descents(). `at_each` calls itself until the depth `last`. From the depth `first` on, each frame
// calls a host function, which calls the guest's `leaf`. With all these frames on the stack, `leaf` allocates, throws,
// catches, and grows a memory. In `across`, guest and host call each other.
inline constexpr std::string_view kDescents = R"((module
  (import "env" "back" (func $back (param i32) (result i32)))
  (import "env" "across" (func $across_host (param i32) (result i32)))
  (type $cell (struct (field $depth i32)))
  (memory 1 10000)
  (tag $thrown (param (ref $cell)))
  (global $deepest (export "deepest") (mut i32) (i32.const 0))
  (func $throw (param i32) (throw $thrown (struct.new $cell (local.get 0))))
  (func (export "leaf") (param $depth i32) (result i32)
    (if (i32.eq (i32.const -1) (memory.grow (i32.eqz (i32.rem_u (local.get $depth) (i32.const 64)))))
        (then unreachable))
    (i32.add (i32.const 1) (struct.get $cell $depth
      (block $caught (result (ref $cell))
        (try_table (catch $thrown $caught) (call $throw (local.get $depth)))
        unreachable))))
  (func $at_each (export "at_each") (param $first i32) (param $last i32) (param $depth i32)
    (if (i32.ge_u (local.get $depth) (local.get $first))
      (then (if (i32.ne (call $back (local.get $depth)) (i32.add (local.get $depth) (i32.const 1)))
          (then unreachable))))
    (global.set $deepest (local.get $depth))
    (if (i32.lt_u (local.get $depth) (local.get $last))
      (then (call $at_each (local.get $first) (local.get $last) (i32.add (local.get $depth) (i32.const 1))))))
  (func (export "across") (param $left i32) (result i32)
    (if (i32.eqz (local.get $left)) (then (return (i32.const 0))))
    (i32.add (i32.const 1) (call $across_host (i32.sub (local.get $left) (i32.const 1)))))))";

// Runs kDescents on an engine with this configuration. Returns a message if something is wrong, otherwise an empty
// text.
inline std::string check_descents(const EngineConfig& config) {
  const auto module_bytes = wasm::text::assemble(kDescents, "descents.wat");
  if (!module_bytes) return module_bytes.error().to_string();
  auto engine = Engine::create(config);
  if (!engine) return engine.error().to_string();
  auto store = Store::create(**engine);
  if (!store) return store.error().to_string();
  auto module = Module::create(**engine, *module_bytes);
  if (!module) return module.error().to_string();

  Linker linker(**store);
  Instance instance;
  const auto call_back = [&](std::string_view name) {
    return [&instance, name](Caller& caller, int32_t argument) -> std::expected<int32_t, Trap> {
      const auto function = get_export_as<Func>(caller.store(), instance, name);
      return TypedFunc<int32_t(int32_t)>::create(caller.store(), *function)->call(caller.store(), argument);
    };
  };
  if (!linker.define_function("env", "back", call_back("leaf"))) return "the linker refuses a function";
  if (!linker.define_function("env", "across", call_back("across"))) return "the linker refuses a function";
  auto made = linker.instantiate(*module);
  if (!made) return made.error().what();
  instance = *made;
  const auto run = [&](std::string_view name, std::initializer_list<Val> arguments) {
    return call(**store, *get_export_as<Func>(**store, instance, name), std::span(arguments.begin(), arguments.size()));
  };
  const auto is_exhausted = [](const auto& result) {
    return !result && result.error().kind == wasm::TrapKind::call_stack_exhausted;
  };
  const auto deepest = [&] {
    return Val::load_from(wasm::ValType::i32,
                          (**store)[*get_export_as<Global>(**store, instance, "deepest")].vm->bytes.data())
        .as_i32();
  };

  // The calls of at_each fill the stack three times: without any call of the host, with calls of the host near the end
  // of the stack until they trap, and with calls of the host in the last 300 frames that can make them.
  const Val never = Val::i32(INT32_MAX);
  if (!is_exhausted(run("at_each", {never, never, Val::i32(1)}))) return "a recursion ends otherwise";
  const int32_t end = deepest();
  if (end < 1000) return "a recursion is not deep";
  // Guest code that calls no C++ may use the stack's reserve, too. A frame has at least 32 bytes, so this is the most
  // frames that the reserve can hold.
  constexpr auto kReserve = static_cast<int32_t>(abi::kGuestStackReserve / 32);
  if (!is_exhausted(run("at_each", {Val::i32(std::max(1, end - kReserve - 400)), never, Val::i32(1)})))
    return "calling back ends otherwise";
  const int32_t last = deepest();
  if (last < end - kReserve - 200) return "calling back takes much of the guest's stack";
  if (auto result = run("at_each", {Val::i32(last - 300), Val::i32(last), Val::i32(1)}); !result)
    return "calling back near the stack's end: " + result.error().what();

  for (int round = 0; round < 2; ++round) {
    const auto result = run("across", {Val::i32(30)});
    if (!result) return "guest and host calling each other: " + result.error().what();
    if (result->front().as_i32() != 30) return "guest and host calling each other give a wrong number";
    if (!is_exhausted(run("across", {never}))) return "guest and host calling each other for ever end otherwise";
  }
  return "";
}

// Passes `count` parameters and results of a type through the host's entry, a guest's frame, and a host function that
// returns the parameters in reverse order. Returns a message if something is wrong, otherwise an empty text.
inline std::string check_many_values(const EngineConfig& config, wasm::ValType type, size_t count) {
  auto engine = Engine::create(config);
  if (!engine) return engine.error().to_string();
  auto store = Store::create(**engine);
  if (!store) return store.error().to_string();
  const wasm::FuncType function{std::vector(count, type), std::vector(count, type)};
  const auto turn = [](void*, Caller&, std::span<Val> arguments, std::span<Val> results) -> std::expected<void, Trap> {
    for (size_t i = 0; i < arguments.size(); ++i) results[i] = arguments[arguments.size() - 1 - i];
    return {};
  };
  auto host = create_function(**store, function, turn, nullptr);
  if (!host) return host.error().to_string();
  Linker linker(**store);
  if (!linker.define("env", "turn", *host)) return "the linker refuses a function";
  const std::string name = wasm::to_string(type);
  std::string values, arguments;
  for (size_t i = 0; i < count; ++i) {
    values += " " + name;
    arguments += " (local.get " + decimal(uint64_t{i}) + ")";
  }
  const std::string signature = "(param" + values + ") (result" + values + ")";
  const auto bytes =
      wasm::text::assemble("(module (import \"env\" \"turn\" (func $turn " + signature + ")) (func (export \"turn\") " +
                               signature + " (call $turn" + arguments + ")))",
                           "many.wat");
  if (!bytes) return bytes.error().to_string();
  auto module = Module::create(**engine, *bytes);
  if (!module) return module.error().to_string();
  auto instance = linker.instantiate(*module);
  if (!instance) return instance.error().what();

  std::vector<Val> given;
  for (size_t i = 0; i < count; ++i)
    given.push_back(type == wasm::ValType::v128 ? Val::v128(i, ~i) : Val::i64(static_cast<int64_t>(i)));
  const auto result = call(**store, *get_export_as<Func>(**store, *instance, "turn"), given);
  if (!result) return result.error().what();
  for (size_t i = 0; i < count; ++i) {
    const Val& wanted = given[count - 1 - i];
    const Val& got = result->at(i);
    if (got.low() != wanted.low() || (type == wasm::ValType::v128 && got.high() != wanted.high()))
      return name + " " + decimal(uint64_t{i}) + " of " + decimal(uint64_t{count}) + " is wrong";
  }
  return "";
}

}  // namespace cairn::runtime

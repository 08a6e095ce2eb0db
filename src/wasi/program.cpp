#include "wasi/program.hpp"

#include <algorithm>

#include "compiler/compile.hpp"
#include "runtime/linker.hpp"
#include "wasi/invoke.hpp"
#include "wasi/unknown_imports.hpp"
#include "wasi/wasi.hpp"
#include "wasm/decoder.hpp"

namespace cairn::wasi {

namespace {

// The trap of proc_exit is how a program ends; any other is one.
ProgramResult end_of(runtime::Trap trap, const Context& context) {
  if (context.exit_status) return {*context.exit_status, {}, std::nullopt};
  return {0, {}, std::move(trap)};
}

constexpr std::string_view kStart = "_start";
constexpr std::string_view kInitialize = "_initialize";

// What is called, and with what.
struct Call {
  std::string_view name;
  std::vector<runtime::Val> arguments;
};

// The calls that make up the program, in order.
Result<std::vector<Call>> plan_calls(const wasm::Module& module, const ProgramOptions& options, const Context& context) {
  std::vector<Call> calls;
  const auto add = [&](std::string_view name, std::span<const std::string> texts) -> Result<void> {
    const wasm::Export& item = *CAIRN_TRY(find_function(module, name));
    const wasm::FuncType& type = module.func_type(wasm::FuncIndex(item.index));
    if (name != options.invoke && (!type.params.empty() || !type.results.empty())) {
      return fail(Error::of(ErrorKind::link, "not a program: " + std::string(name) + " has the type " + wasm::to_string(type) +
                                                 ", not [] -> []"));
    }
    calls.push_back({name, CAIRN_TRY(parse_arguments(name, type, texts))});
    return {};
  };
  const auto exports = [&](std::string_view name) { return find_function(module, name).has_value(); };
  if (options.invoke.empty()) {
    if (!exports(kStart)) {
      return fail(Error::of(ErrorKind::link, "not a program: the module exports no function _start; --invoke NAME calls another "
                                             "one of its functions: " + list_functions(module)));
    }
    CAIRN_TRY(add(kStart, {}));
    return calls;
  }
  if (options.invoke != kStart && options.invoke != kInitialize && exports(kInitialize)) CAIRN_TRY(add(kInitialize, {}));
  const std::span<const std::string> texts = context.arguments;
  CAIRN_TRY(add(options.invoke, texts.subspan(std::min<size_t>(1, texts.size()))));
  return calls;
}

}  // namespace

Result<ProgramResult> run_program(const runtime::EngineConfig& config, std::vector<std::byte> bytes, Context& context,
                                  const ProgramOptions& options, PhaseTimes& times) {
  uint64_t last = context.system().now(ClockId::monotonic);
  const auto lap = [&] {
    const uint64_t now = context.system().now(ClockId::monotonic);
    return now - std::exchange(last, now);
  };
  auto engine = CAIRN_TRY(runtime::Engine::create(config));
  lap();
  wasm::Module definition = CAIRN_TRY(wasm::decode_module(std::move(bytes), config.compiler.features));
  times.decode = lap();
  compiler::Options settings = config.compiler;
  settings.bounds = engine->bounds_for(definition);
  const std::vector<std::byte> object = CAIRN_TRY(compiler::compile_module(definition, settings));
  times.compile = lap();
  auto module = CAIRN_TRY(runtime::Module::load(*engine, std::move(definition), object, settings.bounds));
  times.code_bytes = CAIRN_TRY(module->code(settings.bounds))->size();
  const std::vector<Call> calls = CAIRN_TRY(plan_calls(module->definition(), options, context));
  UnknownImports unknown_imports;
  auto store = CAIRN_TRY(runtime::Store::create(*engine));
  runtime::Linker linker(*store);
  CAIRN_TRY(define_wasi(linker, context));
  if (options.trap_unknown_imports) CAIRN_TRY(unknown_imports.define(*store, linker, *module));
  runtime::Outcome<runtime::Instance> instance = linker.instantiate(module);
  times.instantiate = lap();
  const auto note_heap = [&] {
    if (store->heap() != nullptr) times.heap = store->heap()->statistics();
  };
  note_heap();
  if (!instance) {
    if (instance.error().trap) return end_of(std::move(*instance.error().trap), context);
    return fail(std::move(instance.error().error));
  }
  ProgramResult result;
  const runtime::HandleScope scope(*store);
  for (const Call& call : calls) {
    const auto function = runtime::get_export_as<runtime::Func>(*store, *instance, call.name);
    std::expected<std::vector<runtime::Val>, runtime::Trap> results = runtime::call(*store, *function, call.arguments);
    times.run += lap();
    note_heap();
    if (!results) return end_of(std::move(results.error()), context);
    result.output = print_results(*results);
  }
  return result;
}

}  // namespace cairn::wasi

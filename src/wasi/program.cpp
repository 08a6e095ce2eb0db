#include "wasi/program.hpp"

#include "compiler/compile.hpp"
#include "runtime/linker.hpp"
#include "wasi/wasi.hpp"
#include "wasm/decoder.hpp"

namespace cairn::wasi {

namespace {

// The trap of proc_exit is how a program ends; any other is one.
ProgramResult end_of(runtime::Trap trap, const Context& context) {
  if (context.exit_status) return {*context.exit_status, std::nullopt};
  return {0, std::move(trap)};
}

}  // namespace

Result<ProgramResult> run_program(const runtime::EngineConfig& config, std::vector<std::byte> bytes, Context& context,
                                  PhaseTimes& times) {
  uint64_t last = context.system().now(ClockId::monotonic);
  const auto lap = [&] {
    const uint64_t now = context.system().now(ClockId::monotonic);
    return now - std::exchange(last, now);
  };
  auto engine = CAIRN_TRY(runtime::Engine::create(config));
  lap();
  wasm::Module definition = CAIRN_TRY(wasm::decode_module(std::move(bytes), config.compiler.features));
  times.decode = lap();
  compiler::Options options = config.compiler;
  options.bounds = engine->bounds_for(definition);
  const std::vector<std::byte> object = CAIRN_TRY(compiler::compile_module(definition, options));
  times.compile = lap();
  auto module = CAIRN_TRY(runtime::Module::load(*engine, std::move(definition), object, options.bounds));
  times.code_bytes = CAIRN_TRY(module->code(options.bounds))->size();
  auto store = CAIRN_TRY(runtime::Store::create(*engine));
  runtime::Linker linker(*store);
  CAIRN_TRY(define_wasi(linker, context));
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
  const std::optional<runtime::Func> start = runtime::get_export_as<runtime::Func>(*store, *instance, "_start");
  if (!start) return fail(Error::of(ErrorKind::link, "not a program: the module exports no function _start"));
  auto function = CAIRN_TRY(runtime::TypedFunc<void()>::create(*store, *start));
  std::expected<void, runtime::Trap> ended = function.call(*store);
  times.run = lap();
  note_heap();
  if (!ended) return end_of(std::move(ended.error()), context);
  return ProgramResult{};
}

}  // namespace cairn::wasi

#include "wasi/program.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/operation.hpp"
#include "wasi/invoke.hpp"
#include "wasi/wasi.hpp"
#include "wasm/decoder.hpp"

namespace cairn::wasi {

namespace {

// The trap of proc_exit is a normal end of the program; any other trap is a failure.
ProgramResult end_of(runtime::Trap trap, const Context& context) {
  if (context.exit_status) return {*context.exit_status, {}, std::nullopt};
  return {0, {}, std::move(trap)};
}

constexpr std::string_view kStart = "_start";
constexpr std::string_view kInitialize = "_initialize";

// Measures the nanoseconds of the monotonic clock between calls of lap().
class Laps {
 public:
  explicit Laps(System& system) : system_(system), last_(system.now(ClockId::monotonic)) {}
  uint64_t lap() {
    const uint64_t now = system_.now(ClockId::monotonic);
    return now - std::exchange(last_, now);
  }

 private:
  System& system_;
  uint64_t last_;
};

}  // namespace

Result<std::vector<Program::Call>> Program::plan_calls(const wasm::Module& module, const ProgramOptions& options,
                                                       const Context& context) {
  std::vector<Call> calls;
  const auto add = [&](std::string_view name, std::span<const std::string> texts) -> Result<void> {
    const wasm::Export& item = *CAIRN_TRY(find_function(module, name));
    const wasm::FuncType& type = module.func_type(wasm::FuncIndex(item.index));
    if (name != options.invoke && (!type.params.empty() || !type.results.empty())) {
      return fail(Error::of(ErrorKind::link, "not a program: " + std::string(name) + " has the type " +
                                                 wasm::to_string(type) + ", not [] -> []"));
    }
    calls.push_back({item.name, CAIRN_TRY(parse_arguments(name, type, texts))});
    return {};
  };
  const auto exports = [&](std::string_view name) { return find_function(module, name).has_value(); };
  if (options.invoke.empty()) {
    if (!exports(kStart)) {
      return fail(Error::of(ErrorKind::link,
                            "not a program: the module exports no function _start; --invoke NAME calls another "
                            "one of its functions: " +
                                list_functions(module)));
    }
    CAIRN_TRY(add(kStart, {}));
    return calls;
  }
  if (options.invoke != kStart && options.invoke != kInitialize && exports(kInitialize))
    CAIRN_TRY(add(kInitialize, {}));
  const std::span<const std::string> texts = context.arguments;
  CAIRN_TRY(add(options.invoke, texts.subspan(std::min<size_t>(1, texts.size()))));
  return calls;
}

Result<Ref<runtime::Module>> Program::compile(runtime::Engine& engine, std::vector<std::byte> bytes, System& system,
                                              PhaseTimes& times) {
  Laps laps(system);
  wasm::Module definition = CAIRN_TRY(wasm::decode_module(std::move(bytes), engine.options().features));
  times.decode += laps.lap();
  Ref<runtime::Module> module = CAIRN_TRY(runtime::Module::create(engine, std::move(definition)));
  times.compile += laps.lap();
  return module;
}

Result<std::unique_ptr<Program>> Program::create(Ref<runtime::Module> module, Context& context,
                                                 const ProgramOptions& options, PhaseTimes& times) {
  Laps laps(context.system());
  runtime::Engine& engine = module->engine();
  std::unique_ptr<Program> program(new (std::nothrow) Program(context, std::move(module)));
  if (program == nullptr) return fail(out_of_memory("a program"));
  times.code_bytes = CAIRN_TRY(program->module_->code(program->module_->bounds()))->size();
  program->calls_ =
      CAIRN_TRY(run_operation([&] { return plan_calls(program->module_->definition(), options, context); }));
  program->store_ = CAIRN_TRY(runtime::Store::create(engine));
  runtime::Linker& linker = program->linker_.emplace(*program->store_);
  CAIRN_TRY(define_wasi(linker, context));
  if (options.trap_unknown_imports)
    CAIRN_TRY(program->unknown_imports_.define(*program->store_, linker, *program->module_));
  times.instantiate += laps.lap();
  return program;
}

Result<std::unique_ptr<Program>> Program::load(runtime::Engine& engine, std::vector<std::byte> bytes, Context& context,
                                               const ProgramOptions& options, PhaseTimes& times) {
  return create(CAIRN_TRY(compile(engine, std::move(bytes), context.system(), times)), context, options, times);
}

Result<ProgramResult> Program::run(PhaseTimes& times) {
  Laps laps(context_.system());
  runtime::Outcome<runtime::Instance> instance = linker_->instantiate(module_);
  times.instantiate += laps.lap();
  const auto note_heap = [&] {
    if (store_->heap() != nullptr) times.heap = store_->heap()->statistics();
  };
  note_heap();
  if (!instance) {
    if (instance.error().trap) return end_of(std::move(*instance.error().trap), context_);
    return fail(std::move(instance.error().error));
  }
  ProgramResult result;
  const runtime::HandleScope scope(*store_);
  for (const Call& call : calls_) {
    const auto function = runtime::get_export_as<runtime::Func>(*store_, *instance, call.name);
    std::expected<std::vector<runtime::Val>, runtime::Trap> results = runtime::call(*store_, *function, call.arguments);
    times.run += laps.lap();
    note_heap();
    if (!results) return end_of(std::move(results.error()), context_);
    result.output = print_results(*results);
  }
  return result;
}

}  // namespace cairn::wasi

#include "wasi/program.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/format.hpp"
#include "base/operation.hpp"
#include "wasi/invoke.hpp"
#include "wasi/system/functions.hpp"
#include "wasm/decoder.hpp"

namespace cairn::wasi {

namespace {

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

// Ends a compilation when it has used up its CPU time, or the thread's TimeLimit is over.
class CompileTime {
 public:
  CompileTime(System& system, Allowance& allowed)
      : system_(system), allowed_(allowed), start_(system.now(ClockId::thread_cputime)) {}
  static bool go_on(void* context) {
    auto& self = *static_cast<CompileTime*>(context);
    return platform::Platform::go_on() && self.allowed_.allows(self.system_.now(ClockId::thread_cputime) - self.start_);
  }

 private:
  System& system_;
  Allowance& allowed_;
  uint64_t start_;
};

// Notes which limit of the program has made it trap, if the trap comes from one.
void note_reached(const runtime::Trap& trap, Allowances& allowances) {
  if (trap.kind == wasm::TrapKind::call_stack_exhausted) allowances[Limit::guest_stack].note_refusal();
  if (trap.kind == wasm::TrapKind::allocation_failure) allowances[Limit::gc_heap].note_refusal();
}

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

Result<void> Program::check_types(const wasm::Module& module, Allowances& allowances) {
  Allowance& allowed = allowances[Limit::types];
  if (allowed.allows(module.types.size())) return {};
  return fail(make_error([&] {
    return Error::of(ErrorKind::limit, "the module has " + decimal(uint64_t{module.types.size()}) +
                                           " types, and the program's limit is types=" + decimal(allowed.limit()));
  }));
}

Result<Ref<runtime::Module>> Program::compile(runtime::Engine& engine, std::vector<std::byte> bytes, System& system,
                                              Allowances& allowances, PhaseTimes& times) {
  CompileTime time(system, allowances[Limit::compile_time]);
  Laps laps(system);
  wasm::Module definition = CAIRN_TRY(wasm::decode_module(std::move(bytes), engine.options().features));
  times.decode += laps.lap();
  CAIRN_TRY(check_types(definition, allowances));
  const runtime::CompileLimits limits{.memory_bytes = allowances[Limit::compile_memory].limit(),
                                      .go_on = {.function = &CompileTime::go_on, .context = &time}};
  Ref<runtime::Module> module = CAIRN_TRY(runtime::Module::create(engine, std::move(definition), limits));
  times.compile += laps.lap();
  return module;
}

Result<std::unique_ptr<Program>> Program::create(Ref<runtime::Module> module, Context& context,
                                                 const ProgramOptions& options, PhaseTimes& times) {
  Laps laps(context.system());
  runtime::Engine& engine = module->engine();
  std::unique_ptr<Program> program(new (std::nothrow) Program(context, std::move(module), options));
  if (program == nullptr) return fail(out_of_memory("a program"));
  times.code_bytes = CAIRN_TRY(program->module_->code(program->module_->bounds()))->size();
  program->calls_ =
      CAIRN_TRY(run_operation([&] { return plan_calls(program->module_->definition(), options, context); }));
  CAIRN_TRY(run_operation([&] { return system::check_imports(program->module_->definition(), context); }));
  program->main_ = CAIRN_TRY(ProgramStore::create(engine, guest_stack_bytes(context), context));
  CAIRN_TRY(program->threads_.define(*program->main_));
  if (options.trap_unknown_imports) CAIRN_TRY(program->main_->trap_unknown_imports(*program->module_));
  times.instantiate += laps.lap();
  return program;
}

Result<std::unique_ptr<Program>> Program::load(runtime::Engine& engine, std::vector<std::byte> bytes, Context& context,
                                               const ProgramOptions& options, PhaseTimes& times) {
  return create(CAIRN_TRY(compile(engine, std::move(bytes), context.system(), context.allowances(), times)), context,
                options, times);
}

Result<ProgramResult> Program::run_main(PhaseTimes& times) {
  Laps laps(context_.system());
  runtime::Store& store = main_->store();
  runtime::Outcome<runtime::Instance> instance = main_->linker().instantiate(module_);
  times.instantiate += laps.lap();
  const auto note_heap = [&] {
    if (store.heap() != nullptr) times.heap = store.heap()->statistics();
  };
  note_heap();
  ProgramResult result;
  if (!instance) {
    if (!instance.error().trap) return fail(std::move(instance.error().error));
    result.trap = std::move(instance.error().trap);
    return result;
  }
  const runtime::HandleScope scope(store);
  for (const Call& call : calls_) {
    const auto function = runtime::get_export_as<runtime::Func>(store, *instance, call.name);
    std::expected<std::vector<runtime::Val>, runtime::Trap> results = runtime::call(store, *function, call.arguments);
    times.run += laps.lap();
    note_heap();
    if (!results) {
      result.trap = std::move(results.error());
      return result;
    }
    result.output = print_results(*results);
  }
  return result;
}

Result<ProgramResult> Program::run(runtime::TimeLimit& limit, PhaseTimes& times) {
  ThreadGroup& threads = context_.threads();
  threads.begin(limit);
  Result<ProgramResult> result = run_main(times);
  std::expected<void, runtime::Trap> main_end;
  if (result && result->trap) main_end = std::unexpected(*std::move(result->trap));
  ThreadsEnd end = threads.finish(std::move(main_end));
  if (!result) return result;
  if (end.exit_status) return ProgramResult{.exit_status = *end.exit_status, .output = {}, .trap = std::nullopt};
  if (end.is_over_cpu_limit) end.trap = runtime::Trap::of(wasm::TrapKind::interrupted);
  result->trap = std::move(end.trap);
  if (result->trap) note_reached(*result->trap, context_.allowances());
  result->thread = end.thread;
  result->is_over_cpu_limit = end.is_over_cpu_limit;
  return result;
}

}  // namespace cairn::wasi

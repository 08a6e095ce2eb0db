#include "testing/trial/trial.hpp"

#include <algorithm>
#include <optional>

#include "base/format.hpp"
#include "base/nothrow_memory.hpp"
#include "compiler/compile.hpp"
#include "runtime/linker.hpp"
#include "runtime/time_limit.hpp"
#include "wasi/memory_files/memory_file_system.hpp"
#include "wasi/null_file.hpp"
#include "wasi/wasi.hpp"
#include "wasm/decoder.hpp"

namespace cairn::wasi {

namespace {

using runtime::Val;

// Memories and tables that the module defines and that may grow beyond a limit get the limit as their maximum. Fails
// (limit) when a memory or table is larger from the beginning.
Result<void> apply_limits(wasm::Module& module, const TrialLimits& limits) {
  for (wasm::Memory& memory : module.memories) {
    const uint64_t pages = limits.memory_bytes >> memory.type.page_size_log2;
    if (memory.type.limits.minimum > pages)
      return fail(Error::of(ErrorKind::limit, "a memory is too large for a trial"));
    if (!memory.is_imported) memory.type.limits.maximum = std::min(memory.type.limits.maximum.value_or(pages), pages);
  }
  for (wasm::Table& table : module.tables) {
    const uint64_t most = limits.table_elements;
    if (table.type.limits.minimum > most) return fail(Error::of(ErrorKind::limit, "a table is too large for a trial"));
    if (!table.is_imported) table.type.limits.maximum = std::min(table.type.limits.maximum.value_or(most), most);
  }
  return {};
}

// Returns a value of the type. `seed` determines which one. Returns nothing when no value of the type can be made
// without the module.
std::optional<Val> value_of(wasm::ValType type, uint64_t seed) {
  const uint64_t bits = seed * 0x9e37'79b9'7f4a'7c15;  // 2^64 divided by the golden ratio, which spreads the seeds
  const int64_t small = static_cast<int64_t>(seed % 7) - 3;
  const bool is_small = seed % 2 == 0;
  switch (type.kind()) {
    case wasm::ValType::i32: return Val::i32(static_cast<int32_t>(is_small ? small : static_cast<int64_t>(bits >> 32)));
    case wasm::ValType::i64: return Val::i64(is_small ? small : static_cast<int64_t>(bits));
    case wasm::ValType::f32: return Val::f32(static_cast<float>(small) * 0.75f);
    case wasm::ValType::f64: return Val::f64(static_cast<double>(small) * 1.25);
    case wasm::ValType::v128: return Val::v128(bits, ~bits);
    default:
      if (type.is_ref() && type.is_nullable() && !type.heap().is_concrete()) return Val::null(type.heap());
      return std::nullopt;
  }
}

// The body of every made-up function. It returns values of the result types, which the arguments determine, or a trap
// if no value of a result type can be made. `data` is the wasm::FuncType of the function.
std::expected<void, runtime::Trap> answer(void* data, runtime::Caller&, std::span<Val> arguments,
                                          std::span<Val> results) {
  const auto& type = *static_cast<const wasm::FuncType*>(data);
  uint64_t seed = arguments.size();
  for (const Val& argument : arguments) seed = seed * 31 + argument.low() % 1024;
  for (size_t i = 0; i < results.size(); ++i) {
    const std::optional<Val> value = value_of(type.results[i], seed + i);
    if (!value)
      return std::unexpected(runtime::Trap::of(wasm::TrapKind::host_error, "a made-up function has no result"));
    results[i] = *value;
  }
  return {};
}

// Makes up the imports of a module.
class Supplier {
 public:
  Supplier(runtime::Store& store, runtime::Linker& linker) : store_(store), linker_(linker) {}

  // Defines the imports that the linker lacks, as far as they can be made up. The module must outlive the store.
  void supply(const runtime::Module& module) {
    for (const wasm::Import& import : module.definition().imports) {
      if (linker_.provides(import.module, import.name)) continue;
      if (std::optional<runtime::Extern> item = make(module, import)) {
        (void)linker_.define(import.module, import.name, *item);
      }
    }
  }

 private:
  std::optional<runtime::Extern> make(const runtime::Module& module, const wasm::Import& import) {
    const wasm::Module& definition = module.definition();
    switch (import.kind) {
      case wasm::ExternKind::func: return kept(make_function(definition.func_type(wasm::FuncIndex(import.index))));
      case wasm::ExternKind::memory: return kept(store_.create_memory(definition.memories[import.index].type));
      case wasm::ExternKind::table: {
        const wasm::TableType& type = definition.tables[import.index].type;
        const std::optional<Val> initial = value_of(type.element, 0);
        return initial ? kept(store_.create_table(type, *initial)) : std::nullopt;
      }
      case wasm::ExternKind::global: {
        const wasm::GlobalType& type = definition.globals[import.index].type;
        const std::optional<Val> value = value_of(type.type, import.index);
        return value ? kept(store_.create_global(type, *value)) : std::nullopt;
      }
      case wasm::ExternKind::tag:
        return kept(store_.create_tag(module.type_ids()[definition.tags[import.index].type.type.index()]));
    }
    return std::nullopt;
  }

  // Makes a host function for an import. Fails if a parameter or result has a type that the module defines.
  Result<runtime::Func> make_function(const wasm::FuncType& type) {
    const auto is_concrete = [](wasm::ValType value) { return value.is_ref() && value.heap().is_concrete(); };
    if (std::ranges::any_of(type.params, is_concrete) || std::ranges::any_of(type.results, is_concrete)) {
      return fail(Error::of(ErrorKind::link, "a type of the module's own"));
    }
    return runtime::create_function(store_, type, answer, const_cast<wasm::FuncType*>(&type));
  }

  template <class T>
  static std::optional<runtime::Extern> kept(Result<T> item) {
    return item ? std::optional<runtime::Extern>(*item) : std::nullopt;
  }

  runtime::Store& store_;
  runtime::Linker& linker_;
};

// Calls the exported functions in order, at most limits.calls of them. Leaves out functions with a parameter for which
// no value can be made.
std::string call_exports(runtime::Store& store, runtime::Instance instance, const wasm::Module& definition,
                         const TrialLimits& limits) {
  uint32_t calls = 0, traps = 0;
  std::string last;
  for (const wasm::Export& item : definition.exports) {
    if (item.kind != wasm::ExternKind::func || calls == limits.calls) continue;
    const auto function = runtime::get_export_as<runtime::Func>(store, instance, item.name);
    if (!function) continue;
    const runtime::HandleScope scope(store);
    std::vector<Val> arguments;
    for (const wasm::ValType type : definition.func_type(wasm::FuncIndex(item.index)).params) {
      const std::optional<Val> value = value_of(type, calls * 5 + arguments.size());
      if (!value) break;
      arguments.push_back(*value);
    }
    if (arguments.size() != definition.func_type(wasm::FuncIndex(item.index)).params.size()) continue;
    ++calls;
    const auto results = runtime::call(store, *function, arguments);
    if (!results) {
      ++traps;
      last = results.error().what();
    }
  }
  return "ran " + decimal(calls) + " calls, " + decimal(traps) + " traps" + (traps != 0 ? ": " + last : std::string());
}

Result<std::string> run(const runtime::EngineConfig& config, std::vector<std::byte> bytes, System& system,
                        const TrialLimits& limits, const TrialScope& enter) {
  auto engine = CAIRN_TRY(runtime::Engine::create(config));
  wasm::Module definition = CAIRN_TRY(wasm::decode_module(std::move(bytes), config.compiler.features));
  CAIRN_TRY(apply_limits(definition, limits));
  auto module = CAIRN_TRY(runtime::Module::create(*engine, std::move(definition)));

  const auto files = CAIRN_TRY(MemoryFileSystem::create(system, uint64_t{4} << 20));
  Context context(system);
  context.arguments = {"trial", "argument"};
  context.environment = {"NAME=value"};
  bool has_all = true;
  for (int i = 0; i < 3; ++i) has_all &= context.add_stream(try_make_unique<NullFile>(), FileType::character_device);
  auto root = files->root();
  if (!has_all || !root || !context.add_preopen(*std::move(root), "/")) {
    return fail(Error::of(ErrorKind::resource, "no memory for the program's descriptors"));
  }

  auto store = CAIRN_TRY(runtime::Store::create(*engine));
  runtime::Linker linker(*store);
  CAIRN_TRY(define_wasi(linker, context));
  Supplier(*store, linker).supply(*module);
  std::string outcome;
  enter([&] {
    const runtime::Outcome<runtime::Instance> instance = linker.instantiate(module);
    outcome = instance ? call_exports(*store, *instance, module->definition(), limits)
                       : "not instantiated: " + instance.error().what();
  });
  return outcome;
}

}  // namespace

TrialScope within(uint64_t nanoseconds) {
  return [nanoseconds](const std::function<void()>& body) {
    const runtime::TimeLimit limit(nanoseconds);
    body();
  };
}

std::string try_module(const runtime::EngineConfig& config, std::vector<std::byte> module, System& system,
                       const TrialLimits& limits, const TrialScope& enter) {
  const Result<std::string> outcome = run(config, std::move(module), system, limits, enter);
  return outcome ? *outcome : "not run: " + outcome.error().to_string();
}

}  // namespace cairn::wasi

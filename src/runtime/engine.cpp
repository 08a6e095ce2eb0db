#include "runtime/engine.hpp"

#include <algorithm>

#include "base/operation.hpp"
#include "base/system_account.hpp"
#include "compiler/codegen/object/object_identity.hpp"
#include "compiler/compile.hpp"
#include "compiler/options/bounds.hpp"
#include "compiler/options/cpu_feature_names.hpp"
#include "platform/platform.hpp"
#include "runtime/calls/builtin_table.hpp"
#include "runtime/code/code_image.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {

static_assert(PlatformContract<platform::Platform>);
using platform::Platform;

Result<std::unique_ptr<Engine>> Engine::create(const EngineConfig& config) {
  if (config.compiler.architecture != Platform::kArchitecture) {
    return fail(make_error(
        [] { return Error::of(ErrorKind::usage, "the engine cannot run code of another architecture than its own"); }));
  }
  Platform::prepare_thread();
  std::unique_ptr<Engine> engine(new (std::nothrow) Engine(config));
  if (engine == nullptr) return fail(out_of_memory("an engine"));
  CAIRN_TRY(engine->prepare_stubs());
  return engine;
}

namespace {

compiler::CpuFeatures both(compiler::CpuFeatures a, const compiler::CpuFeatures& b) {
  for (const compiler::CpuFeatureName& feature : compiler::kCpuFeatureNames)
    a.*feature.field = a.*feature.field && b.*feature.field;
  return a;
}

WantedCode wanted_code(const Engine& engine, codegen::ObjectKind kind) {
  return {codegen::identity_of(kind, {}, engine.options()), engine.usable_cpu()};
}

}  // namespace

Engine::Engine(const EngineConfig& config)
    : config_(config),
      usable_cpu_(both(config.compiler.cpu, Platform::cpu_features())),
      addresses_(config.memory_addresses != 0 ? config.memory_addresses : Platform::address_space() / 4 * 3) {}
Engine::~Engine() = default;
Engine::TrampolineCache::TrampolineCache() = default;
Engine::TrampolineCache::~TrampolineCache() = default;

compiler::BoundsMode Engine::bounds_for(const wasm::Module& module) {
  const bool has_guards =
      std::ranges::any_of(module.memories, [&](const wasm::Memory& m) { return compiler::can_have_guards(m.type); });
  if (!has_guards || config_.guards_required || addresses_.has_room_for_guards()) return config_.compiler.bounds;
  return compiler::BoundsMode::check;
}

namespace {

// prepare_trampolines sets Trampolines::entry to this address while the trampolines are being made.
constexpr std::byte kPending{};

// Makes a copy of a canonical type without references to other types of the registry. Such a reference becomes one to
// `func` or `any`, because only the difference between functions and other objects matters to a trampoline.
wasm::FuncType erased(Engine::Types& registry, const wasm::FuncType& source) {
  wasm::FuncType type = source;
  const auto erase = [&](wasm::ValType& value) {
    if (!value.is_ref() || !value.heap().is_concrete()) return;
    const CanonicalId id(value.heap().index().index());
    const bool is_function =
        registry.with([&](TypeRegistry& types) { return types[id].kind == wasm::SubType::Kind::func; });
    value = wasm::ValType::reference(value.nullability(), is_function ? wasm::HeapType::func : wasm::HeapType::any);
  };
  for (wasm::ValType& value : type.params) erase(value);
  for (wasm::ValType& value : type.results) erase(value);
  return type;
}

}  // namespace

Result<void> Engine::install_trampolines(TrampolineCache& cache, std::span<const CanonicalId> missing) {
  if (!cache.images.try_reserve_more(1)) return fail(out_of_memory("trampolines"));
  const std::vector<std::byte> object = CAIRN_TRY(run_operation([&]() -> Result<std::vector<std::byte>> {
    std::vector<wasm::FuncType> signatures;
    for (const CanonicalId id : missing) {
      const auto& type = types_.with([&](TypeRegistry& types) -> const wasm::FuncType& { return types[id].func; });
      signatures.push_back(erased(types_, type));
    }
    return compiler::compile_trampolines(signatures, config_.compiler);
  }));
  std::unique_ptr<CodeImage> image =
      CAIRN_TRY(CodeImage::load(object, wanted_code(*this, codegen::ObjectKind::trampolines), {}));
  if (!code_.try_add(*image)) return fail(out_of_memory("the registry of code"));
  for (const codegen::TrampolineRecord& record : image->trampolines()) {
    if (record.type_index < missing.size()) {
      cache.by_type[missing[record.type_index].index()] = {image->at(record.entry_offset),
                                                           image->at(record.host_offset)};
    }
  }
  cache.images.push_back_within_capacity(std::move(image));
  return {};
}

Result<void> Engine::prepare_trampolines(std::span<const CanonicalId> types) {
  const SystemAccountScope account;
  return trampolines_.with([&](TrampolineCache& cache) -> Result<void> {
    TryVector<CanonicalId> missing;
    uint32_t count = 0;
    for (const CanonicalId id : types) count = std::max(count, id.index() + 1);
    if (count > cache.by_type.size() &&
        !(cache.by_type.try_reserve_more(count - cache.by_type.size()) && cache.by_type.try_resize(count))) {
      return fail(out_of_memory("trampolines"));
    }
    Result<void> result;
    for (const CanonicalId id : types) {
      Trampolines& known = cache.by_type[id.index()];
      if (known.entry != nullptr) continue;
      if (!missing.try_push_back(id)) {
        result = fail(out_of_memory("trampolines"));
        break;
      }
      known.entry = &kPending;
    }
    if (result && !missing.empty()) result = install_trampolines(cache, missing.as_span());
    if (!result) {
      for (const CanonicalId id : missing) cache.by_type[id.index()] = {};
    }
    return result;
  });
}

Result<void> Engine::prepare_stubs() {
  const std::vector<std::byte> object = CAIRN_TRY(compiler::compile_stubs(config_.compiler));
  std::unique_ptr<CodeImage> image =
      CAIRN_TRY(CodeImage::load(object, wanted_code(*this, codegen::ObjectKind::stubs), {}));
  const std::span<const void*> entries = std::span(builtins_).first(abi::kBuiltinCount);
  std::ranges::copy(builtin_table(), entries.begin());
  std::ranges::copy(builtin_table(), builtins_.begin() + abi::kBuiltinCount);
  for (const codegen::TrampolineRecord& record : image->trampolines()) {
    const std::byte* stub = image->at(record.entry_offset);
    if (record.type_index == codegen::kTailCallRestore) {
      tail_call_restore_ = stub;
    } else if (record.type_index == codegen::kLandingStub) {
      landing_stub_ = stub;
    } else if (record.type_index == codegen::kExitStub) {
      entries[record.builtin] = stub;
    }
  }
  return trampolines_.with([&](TrampolineCache& cache) -> Result<void> {
    if (!cache.images.try_reserve_more(1) || !code_.try_add(*image)) return fail(out_of_memory("stubs"));
    cache.images.push_back_within_capacity(std::move(image));
    return {};
  });
}

Trampolines Engine::trampolines(CanonicalId type) {
  return trampolines_.with([&](TrampolineCache& cache) {
    const Trampolines& found = cache.by_type[type.index()];
    CAIRN_ASSERT(found.entry != nullptr);
    return found;
  });
}

}  // namespace cairn::runtime

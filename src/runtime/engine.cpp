#include "runtime/engine.hpp"

#include <algorithm>

#include "compiler/bounds.hpp"
#include "compiler/codegen/object_identity.hpp"
#include "compiler/compile.hpp"
#include "compiler/cpu_feature_names.hpp"
#include "platform/platform.hpp"
#include "runtime/builtin_table.hpp"
#include "runtime/code_image.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {

static_assert(PlatformContract<platform::Platform>);
using platform::Platform;

Result<std::unique_ptr<Engine>> Engine::create(const EngineConfig& config) {
  if (config.compiler.architecture != Platform::kArchitecture) {
    return fail(Error::of(ErrorKind::usage, "the engine cannot run code of another architecture than its own"));
  }
  Platform::prepare_thread();
  std::unique_ptr<Engine> engine(new Engine(config));
  CAIRN_TRY(engine->prepare_stubs());
  return engine;
}

namespace {

// The type with the references that matter to a trampoline: those of functions, and all others.
wasm::FuncType erased(const TypeRegistry& registry, wasm::FuncType type) {
  const auto erase = [&](wasm::ValType& value) {
    if (!value.is_ref() || !value.heap().is_concrete()) return;
    const bool is_function = registry[CanonicalId(value.heap().index().index())].kind == wasm::SubType::Kind::func;
    value = wasm::ValType::reference(value.nullability(), is_function ? wasm::HeapType::func : wasm::HeapType::any);
  };
  for (wasm::ValType& value : type.params) erase(value);
  for (wasm::ValType& value : type.results) erase(value);
  return type;
}

compiler::CpuFeatures both(compiler::CpuFeatures a, const compiler::CpuFeatures& b) {
  for (const compiler::CpuFeatureName& feature : compiler::kCpuFeatureNames) a.*feature.field = a.*feature.field && b.*feature.field;
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

Result<void> Engine::prepare_trampolines(std::span<const CanonicalId> types) {
  return trampolines_.with([&](TrampolineCache& cache) -> Result<void> {
    std::vector<CanonicalId> missing;
    std::vector<wasm::FuncType> signatures;
    types_.with([&](TypeRegistry& registry) {
      for (CanonicalId id : types) {
        if (cache.by_type.try_emplace(id).second) {
          missing.push_back(id);
          signatures.push_back(erased(registry, registry[id].func));
        }
      }
    });
    if (missing.empty()) return {};
    const auto install = [&]() -> Result<void> {
      const std::vector<std::byte> object = CAIRN_TRY(compiler::compile_trampolines(signatures, config_.compiler));
      std::unique_ptr<CodeImage> image =
          CAIRN_TRY(CodeImage::load(object, wanted_code(*this, codegen::ObjectKind::trampolines), {}));
      for (const codegen::TrampolineRecord& record : image->trampolines()) {
        if (record.type_index < missing.size()) {
          cache.by_type[missing[record.type_index]] = {image->at(record.entry_offset), image->at(record.host_offset)};
        }
      }
      code_.add(*image);
      cache.images.push_back(std::move(image));
      return {};
    };
    Result<void> result = install();
    if (!result) {
      for (CanonicalId id : missing) cache.by_type.erase(id);
    }
    return result;
  });
}

Result<void> Engine::prepare_stubs() {
  const std::vector<std::byte> object = CAIRN_TRY(compiler::compile_stubs(config_.compiler));
  std::unique_ptr<CodeImage> image =
      CAIRN_TRY(CodeImage::load(object, wanted_code(*this, codegen::ObjectKind::stubs), {}));
  const std::span<const void*> entries = std::span(builtins_).first(kBuiltinCount);
  std::ranges::copy(builtin_table(), entries.begin());
  std::ranges::copy(builtin_table(), builtins_.begin() + kBuiltinCount);
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
  code_.add(*image);
  trampolines_.with([&](TrampolineCache& cache) { cache.images.push_back(std::move(image)); });
  return {};
}

Trampolines Engine::trampolines(CanonicalId type) {
  return trampolines_.with([&](TrampolineCache& cache) {
    auto found = cache.by_type.find(type);
    CAIRN_ASSERT(found != cache.by_type.end());
    return found->second;
  });
}

}  // namespace cairn::runtime

#include "runtime/module.hpp"

#include <algorithm>

#include "abi/field_layout.hpp"
#include "base/format.hpp"
#include "base/operation.hpp"
#include "base/system_account.hpp"
#include "compiler/build/module_context.hpp"
#include "compiler/compile.hpp"
#include "platform/platform.hpp"
#include "wasm/decoder.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {

// Returns whether a module may handle references to managed objects. It can only if it has a tag, a struct or array
// type, or a function type, table or global with such references.
bool may_touch_heap(const wasm::Module& module) {
  const auto is_heap_reference = [&](wasm::ValType type) {
    return type.is_ref() && abi::storage_of(type, [&](wasm::TypeIndex index) {
                              return module.types[index.index()].kind == wasm::SubType::Kind::func;
                            }).is_reference;
  };
  return !module.tags.empty() || std::ranges::any_of(module.types, [&](const wasm::SubType& type) {
    return type.kind != wasm::SubType::Kind::func || std::ranges::any_of(type.func.params, is_heap_reference) ||
           std::ranges::any_of(type.func.results, is_heap_reference);
  }) || std::ranges::any_of(module.tables, [&](const wasm::Table& t) {
    return is_heap_reference(t.type.element);
  }) || std::ranges::any_of(module.globals, [&](const wasm::Global& g) { return is_heap_reference(g.type.type); });
}

}  // namespace

Module::Code::Code() = default;
Module::Code::~Code() = default;

Module::Module(Engine& engine, wasm::Module module, compiler::BoundsMode bounds)
    : engine_(engine),
      module_(std::move(module)),
      layout_(compiler::vm_shape(module_)),
      needs_heap_(may_touch_heap(module_)),
      bounds_(bounds) {}

Result<void> Module::number_escaped() {
  if (!escaped_.try_resize(module_.functions.size(), ~uint32_t{0})) return fail(out_of_memory("a module's functions"));
  uint32_t position = 0;
  for (size_t i = 0; i < module_.functions.size(); ++i) {
    if (module_.functions[i].is_escaped && !module_.functions[i].is_imported) escaped_[i] = position++;
  }
  return {};
}

Module::~Module() {
  code_.with([&](Code& code) {
    for (const auto* image : {&code.guarded, &code.checked}) {
      if (*image) engine_.code().remove(**image);
    }
  });
}

Result<Ref<Module>> Module::create(Engine& engine, std::vector<std::byte> bytes) {
  return create(engine, CAIRN_TRY(wasm::decode_module(std::move(bytes), engine.options().features)));
}

Result<Ref<Module>> Module::create(Engine& engine, wasm::Module definition, const CompileLimits& limits) {
  compiler::Options options = engine.options();
  options.memory_budget_bytes = limits.memory_bytes;
  options.bounds = engine.bounds_for(definition);
  const std::vector<std::byte> object = CAIRN_TRY(compiler::compile_module(definition, options, limits.go_on));
  return load(engine, std::move(definition), object, options.bounds);
}

Result<std::unique_ptr<CodeImage>> Module::load_code(std::span<const std::byte> object, compiler::BoundsMode bounds) {
  TryVector<uint32_t> ids;
  if (!ids.try_reserve(type_ids_.size())) return fail(out_of_memory("a module's types"));
  for (CanonicalId id : type_ids_) ids.push_back_within_capacity(id.index());
  compiler::Options options = engine_.options();
  options.bounds = bounds;
  const WantedCode wanted{codegen::identity_of(codegen::ObjectKind::module, module_.digest, options),
                          engine_.usable_cpu()};
  std::unique_ptr<CodeImage> code = CAIRN_TRY(CodeImage::load(object, wanted, ids.as_span()));
  code->module = this;
  for (size_t i = 0; i < module_.functions.size(); ++i) {
    if (!module_.functions[i].is_imported && code->function(static_cast<uint32_t>(i)) == nullptr) {
      return fail(make_error(
          [&] { return Error::of(ErrorKind::malformed, "the code object lacks function " + decimal(uint64_t{i})); }));
    }
  }
  return code;
}

Result<const CodeImage*> Module::code(compiler::BoundsMode bounds) {
  const auto image_of = [&](Code& code) -> std::unique_ptr<CodeImage>& {
    return bounds == compiler::BoundsMode::guard ? code.guarded : code.checked;
  };
  if (const CodeImage* known = code_.with([&](Code& code) { return image_of(code).get(); })) return known;
  const SystemAccountScope account;  // the code may outlive this program, because programs share the module
  compiler::Options options = engine_.options();
  options.bounds = bounds;
  auto made =
      CAIRN_TRY(load_code(CAIRN_TRY(compiler::compile_module(module_, options, CompileLimits().go_on)), bounds));
  return code_.with([&](Code& code) -> Result<const CodeImage*> {
    std::unique_ptr<CodeImage>& image = image_of(code);
    if (image == nullptr) {  // otherwise another thread was faster
      if (!engine_.code().try_add(*made)) return fail(out_of_memory("the registry of code"));
      image = std::move(made);
    }
    return image.get();
  });
}

Result<Ref<Module>> Module::load(Engine& engine, wasm::Module definition, std::span<const std::byte> object,
                                 compiler::BoundsMode bounds) {
  Ref<Module> module(new (std::nothrow) Module(engine, std::move(definition), bounds));
  if (!module) return fail(out_of_memory("a module"));
  CAIRN_TRY(module->number_escaped());
  module->type_ids_ =
      CAIRN_TRY(engine.types().with([&](TypeRegistry& types) { return types.canonicalize(module->module_.types); }));
  std::unique_ptr<CodeImage> code = CAIRN_TRY(module->load_code(object, bounds));

  // The types of functions that the host may call, and of imported functions, which may be host functions. These types
  // need trampolines.
  TryVector<CanonicalId> entered;
  for (size_t i = 0; i < module->module_.functions.size(); ++i) {
    const wasm::FuncIndex index(static_cast<uint32_t>(i));
    const wasm::Function& function = module->module_.functions[i];
    if (function.is_escaped || function.is_imported || module->module_.start == index) {
      if (!entered.try_push_back(module->type_id(index))) return fail(out_of_memory("a module's entries"));
    }
  }
  CAIRN_TRY(engine.prepare_trampolines(entered.as_span()));
  if (!engine.code().try_add(*code)) return fail(out_of_memory("the registry of code"));
  module->code_.with(
      [&](Code& all) { (bounds == compiler::BoundsMode::guard ? all.guarded : all.checked) = std::move(code); });
  return module;
}

}  // namespace cairn::runtime

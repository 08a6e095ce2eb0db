#include "runtime/module.hpp"

#include <algorithm>

#include "compiler/build/module_context.hpp"
#include "compiler/compile.hpp"
#include "runtime/field_layout.hpp"
#include "wasm/decoder.hpp"

namespace cairn::runtime {

namespace {

// References to managed objects come from types that describe them, tags, and what carries references in and out.
bool may_touch_heap(const wasm::Module& module) {
  const auto is_heap_reference = [&](wasm::ValType type) {
    return type.is_ref() && storage_of(type, [&](wasm::TypeIndex index) {
                              return module.types[index.index()].kind == wasm::SubType::Kind::func;
                            }).is_reference;
  };
  return !module.tags.empty() ||
         std::ranges::any_of(module.types, [&](const wasm::SubType& type) {
           return type.kind != wasm::SubType::Kind::func || std::ranges::any_of(type.func.params, is_heap_reference) ||
                  std::ranges::any_of(type.func.results, is_heap_reference);
         }) ||
         std::ranges::any_of(module.tables, [&](const wasm::Table& t) { return is_heap_reference(t.type.element); }) ||
         std::ranges::any_of(module.globals, [&](const wasm::Global& g) { return is_heap_reference(g.type.type); });
}

}  // namespace

Module::Module(Engine& engine, wasm::Module module)
    : engine_(engine), module_(std::move(module)), layout_(compiler::vm_shape(module_)), needs_heap_(may_touch_heap(module_)) {
  escaped_.resize(module_.functions.size(), ~uint32_t{0});
  uint32_t position = 0;
  for (size_t i = 0; i < module_.functions.size(); ++i) {
    if (module_.functions[i].is_escaped && !module_.functions[i].is_imported) escaped_[i] = position++;
  }
}

Module::~Module() {
  if (code_) engine_.code().remove(*code_);
}

Result<Ref<Module>> Module::create(Engine& engine, std::vector<std::byte> bytes) {
  wasm::Module module = CAIRN_TRY(wasm::decode_module(std::move(bytes), engine.options().features));
  const std::vector<std::byte> object = CAIRN_TRY(compiler::compile_module(module, engine.options()));
  return load(engine, std::move(module), object);
}

Result<Ref<Module>> Module::load(Engine& engine, wasm::Module definition, std::span<const std::byte> object) {
  Ref<Module> module(new Module(engine, std::move(definition)));
  module->type_ids_ = CAIRN_TRY(
      engine.types().with([&](TypeRegistry& types) { return types.canonicalize(module->module_.types); }));
  std::vector<uint32_t> ids;
  ids.reserve(module->type_ids_.size());
  for (CanonicalId id : module->type_ids_) ids.push_back(id.index());
  std::unique_ptr<CodeImage> code = CAIRN_TRY(CodeImage::load(object, ids));
  code->module = module.get();

  std::vector<CanonicalId> entered;
  for (size_t i = 0; i < module->module_.functions.size(); ++i) {
    const wasm::FuncIndex index(static_cast<uint32_t>(i));
    const wasm::Function& function = module->module_.functions[i];
    if (!function.is_imported && code->function(index.index()) == nullptr) {
      return fail(Error::of(ErrorKind::malformed, "the code object lacks function " + std::to_string(i)));
    }
    if (function.is_escaped || function.is_imported || module->module_.start == index) {
      entered.push_back(module->type_id(index));
    }
  }
  CAIRN_TRY(engine.prepare_trampolines(entered));
  engine.code().add(*code);
  module->code_ = std::move(code);
  return module;
}

}  // namespace cairn::runtime

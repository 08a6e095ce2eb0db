// A compiled module, ready to be instantiated any number of times, in any store of its engine.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "abi/vmcontext.hpp"
#include "base/ref.hpp"
#include "base/result.hpp"
#include "base/try_vector.hpp"
#include "compiler/compile.hpp"
#include "platform/platform.hpp"
#include "runtime/code/code_image.hpp"
#include "runtime/engine.hpp"
#include "wasm/module.hpp"

namespace cairn::runtime {

// Limits of one compilation, besides those of the engine's options.
struct CompileLimits {
  uint64_t memory_bytes = ~uint64_t{0};  // compiler::Options::memory_budget_bytes
  // Asked several times for each function whether the compilation may go on.
  compiler::GoOn go_on{.function = [](void*) { return platform::Platform::go_on(); }};
};

class Module : public RefCounted {
 public:
  // Decodes, validates and compiles a module. Its code checks bounds as Engine::bounds_for() says.
  static Result<Ref<Module>> create(Engine& engine, std::vector<std::byte> bytes);
  // Does the same for a module that wasm::decode_module has decoded with the engine's features.
  static Result<Ref<Module>> create(Engine& engine, wasm::Module definition, const CompileLimits& limits = {});
  // Loads a code object that compile_module made from this module. `bounds` is the way in which the object's code
  // checks bounds. Fails (malformed) if the object belongs to another module or was made with other settings; the error
  // names the difference (compiler/codegen/object/object_identity.hpp).
  static Result<Ref<Module>> load(Engine& engine, wasm::Module module, std::span<const std::byte> object,
                                  compiler::BoundsMode bounds);
  ~Module();

  [[nodiscard]] Engine& engine() const { return engine_; }
  [[nodiscard]] const wasm::Module& definition() const { return module_; }
  // How the code that create() or load() loaded checks bounds.
  [[nodiscard]] compiler::BoundsMode bounds() const { return bounds_; }
  // Returns code that checks bounds in the given way. If the module has no such code yet, this function compiles the
  // module again.
  Result<const CodeImage*> code(compiler::BoundsMode bounds);
  [[nodiscard]] const abi::VMLayout& layout() const { return layout_; }
  // The canonical ids of the module's types, by type index.
  [[nodiscard]] std::span<const CanonicalId> type_ids() const { return type_ids_.as_span(); }
  // Returns the canonical id of a function's type.
  [[nodiscard]] CanonicalId type_id(wasm::FuncIndex function) const {
    return type_ids_[module_.functions[function.index()].type.index()];
  }
  // The index for VMLayout::func_ref of a defined function that is escaped, that is, needs a VMFuncRef.
  [[nodiscard]] uint32_t escaped_position(wasm::FuncIndex function) const { return escaped_[function.index()]; }
  // Whether an instance may touch managed objects, so that its store must have a heap.
  [[nodiscard]] bool needs_heap() const { return needs_heap_; }
  // Converts a type of this module to canonical form.
  [[nodiscard]] wasm::ValType canonical(wasm::ValType type) const {
    return TypeRegistry::canonical(type, type_ids_.as_span());
  }

 private:
  Module(Engine& engine, wasm::Module module, compiler::BoundsMode bounds);
  Result<void> number_escaped();
  Result<std::unique_ptr<CodeImage>> load_code(std::span<const std::byte> object, compiler::BoundsMode bounds);

  Engine& engine_;
  wasm::Module module_;
  abi::VMLayout layout_;
  bool needs_heap_ = false;
  TryVector<CanonicalId> type_ids_;
  TryVector<uint32_t> escaped_;  // escaped_position() by function index; all ones for other functions
  compiler::BoundsMode bounds_;
  struct Code {
    Code();
    ~Code();
    std::unique_ptr<CodeImage> guarded, checked;  // code for BoundsMode::guard and BoundsMode::check; may be null
  };
  Guarded<Code, LockRank::module_code> code_;
};

}  // namespace cairn::runtime

// Engine holds the state that several stores share: compiler options, canonical types, trampolines, the code registry,
// and the budget of address space.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>

#include "abi/builtins.hpp"
#include "base/assert.hpp"
#include "base/result.hpp"
#include "base/try_vector.hpp"
#include "compiler/options/options.hpp"
#include "runtime/code/code_registry.hpp"
#include "runtime/guarded.hpp"
#include "runtime/heap/config.hpp"
#include "runtime/storage/address_pool.hpp"
#include "runtime/type_registry.hpp"
#include "wasm/module.hpp"

namespace cairn::runtime {

class CodeImage;

struct EngineConfig {
  compiler::Options compiler;
  size_t guest_stack_bytes = size_t{8} << 20;  // size of each store's guest stack
  // How many bytes of address space all memories together may take; 0 means three quarters of
  // Platform::address_space().
  uint64_t memory_addresses = 0;
  // What happens with BoundsMode::guard when the address space for guard pages is used up. If true, creating a memory
  // fails. If false, the memory gets no guard pages, and its accesses are checked.
  bool guards_required = false;
  // How many bytes of address space a memory without guard pages may take; the memory cannot grow beyond that.
  uint64_t checked_memory_reservation = uint64_t{64} << 30;
  HeapConfig heap;  // configuration of each store's heap
};

// The trampolines of one function type. `entry` is code by which the host enters a guest function of this type; `host`
// is code by which a guest enters a host function of this type.
struct Trampolines {
  const void* entry = nullptr;
  const void* host = nullptr;
};

class Engine {
 public:
  // Fails with a usage error if the options name another architecture than the platform's.
  static Result<std::unique_ptr<Engine>> create(const EngineConfig& config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const EngineConfig& config() const { return config_; }
  [[nodiscard]] const compiler::Options& options() const { return config_.compiler; }
  // The optional instruction sets that compiled code may use: those that the options name and this CPU has.
  [[nodiscard]] const compiler::CpuFeatures& usable_cpu() const { return usable_cpu_; }

  // Makes trampolines for canonical function types. Compiles all missing trampolines at once.
  Result<void> prepare_trampolines(std::span<const CanonicalId> types);
  // Returns how a module that is compiled now should check the bounds of its memories: as the options say, but not by
  // guard pages when there is no address space for them and guards are not required.
  [[nodiscard]] compiler::BoundsMode bounds_for(const wasm::Module& module);
  AddressPool& addresses() { return addresses_; }

  // Returns the trampolines of a type for which prepare_trampolines() has succeeded.
  [[nodiscard]] Trampolines trampolines(CanonicalId type);
  // The value of VMContext::tail_call_restore.
  [[nodiscard]] const void* tail_call_restore() const { return tail_call_restore_; }
  // The type of the stub that enters a landing pad (compiler/codegen/target.hpp).
  using LandingStub = void (*)(const uint64_t* registers, uint64_t stack_pointer, const void* landing_pad,
                               uint32_t exception);
  [[nodiscard]] LandingStub landing_stub() const { return std::bit_cast<LandingStub>(landing_stub_); }
  // The value of VMContext::builtins.
  [[nodiscard]] const void* const* builtins() const { return builtins_.data(); }

  using Types = Guarded<TypeRegistry, LockRank::type_registry>;
  Types& types() { return types_; }
  CodeRegistry& code() { return code_; }
  [[nodiscard]] uint32_t next_store_id() { return next_store_id_.fetch_add(1, std::memory_order_relaxed); }

 private:
  explicit Engine(const EngineConfig& config);
  Result<void> prepare_stubs();

  struct TrampolineCache;
  Result<void> install_trampolines(TrampolineCache& cache, std::span<const CanonicalId> missing);

  // The trampolines of all types that have been prepared, and the code of trampolines and stubs.
  struct TrampolineCache {
    TrampolineCache();
    ~TrampolineCache();
    TryVector<Trampolines> by_type;  // the index is the canonical id
    TryVector<std::unique_ptr<CodeImage>> images;
  };

  EngineConfig config_;
  compiler::CpuFeatures usable_cpu_;
  AddressPool addresses_;
  Types types_;
  Guarded<TrampolineCache, LockRank::trampolines> trampolines_;
  CodeRegistry code_;
  const void* tail_call_restore_ = nullptr;
  const void* landing_stub_ = nullptr;
  std::array<const void*, 2 * size_t{abi::kBuiltinCount}> builtins_{};
  std::atomic<uint32_t> next_store_id_ = 1;
};

}  // namespace cairn::runtime

// What all stores of a process or kernel share: compiler options, canonical types, trampolines, and the code registry.
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
  size_t guest_stack_bytes = size_t{8} << 20;
  // How much address space memories may take in all; 0: three quarters of what the platform has.
  uint64_t memory_addresses = 0;
  // With BoundsMode::guard, memories get guard pages as far as that suffices, and others are checked. Or they are
  // errors.
  bool guards_required = false;
  // How much address space a memory without guard pages may take at most; its memory.grow stops there.
  uint64_t checked_memory_reservation = uint64_t{64} << 30;
  HeapConfig heap;  // of a store's managed objects
};

// How code of one signature is entered from the host, and how a host function of it is entered by a guest.
struct Trampolines {
  const void* entry = nullptr;
  const void* host = nullptr;
};

class Engine {
 public:
  // The options' architecture must be the platform's.
  static Result<std::unique_ptr<Engine>> create(const EngineConfig& config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const EngineConfig& config() const { return config_; }
  [[nodiscard]] const compiler::Options& options() const { return config_.compiler; }
  // The optional instruction sets that code may use: those of the options that this CPU has.
  [[nodiscard]] const compiler::CpuFeatures& usable_cpu() const { return usable_cpu_; }

  // Trampolines for canonical function types; compiles what is missing, all in one go.
  Result<void> prepare_trampolines(std::span<const CanonicalId> types);
  // How a module that is compiled now should check the bounds of its memories: without checks while there is address
  // space for guard pages.
  [[nodiscard]] compiler::BoundsMode bounds_for(const wasm::Module& module);
  AddressPool& addresses() { return addresses_; }

  // Prepared before.
  [[nodiscard]] Trampolines trampolines(CanonicalId type);
  [[nodiscard]] const void* tail_call_restore() const { return tail_call_restore_; }
  // Enters a landing pad (codegen/target.hpp).
  using LandingStub = void (*)(const uint64_t* registers, uint64_t stack_pointer, const void* landing_pad,
                               uint32_t exception);
  [[nodiscard]] LandingStub landing_stub() const { return std::bit_cast<LandingStub>(landing_stub_); }
  // For VMContext::builtins.
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

  struct TrampolineCache {
    TrampolineCache();
    ~TrampolineCache();
    TryVector<Trampolines> by_type;  // by canonical id
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

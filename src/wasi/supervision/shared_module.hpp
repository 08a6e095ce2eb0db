// A module that several programs run, or one program again and again: it is compiled once.
#pragma once

#include <cstddef>
#include <span>

#include "base/ref.hpp"
#include "runtime/guarded.hpp"
#include "runtime/module.hpp"
#include "wasi/program.hpp"

namespace cairn::wasi {

class SharedModule {
 public:
  // `bytes` must outlive the object.
  explicit SharedModule(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // Returns the compiled module. The first call compiles it and adds to `times`; calls at the same time wait for the
  // first one. If compiling fails, the next call tries again. `allowances` are those of the
  // program that calls: the limits on compiling hold if this call compiles, that on types in any case.
  Result<Ref<runtime::Module>> get(runtime::Engine& engine, System& system, Allowances& allowances, PhaseTimes& times);

 private:
  std::span<const std::byte> bytes_;
  runtime::Guarded<Ref<runtime::Module>, LockRank::shared_module> module_;
};

}  // namespace cairn::wasi

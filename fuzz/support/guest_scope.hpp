// Limits the time of guest code in fuzz targets, and shares an engine between their inputs.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/configure.hpp"
#include "runtime/time_limit.hpp"
#include "support/check.hpp"

namespace cairn::fuzz {

constexpr uint64_t kGuestNanoseconds = 50'000'000;  // limit on the guest code of one input

struct GuestScope {
  runtime::TimeLimit limit{kGuestNanoseconds};
};

// Returns an engine for fuzz targets that need a new store for each input but not a new engine. Every 256 inputs get a
// new engine, because an engine keeps the types and the trampolines of all modules that it has seen.
inline runtime::Engine& shared_engine() {
  constexpr uint32_t kUses = 256;
  static std::unique_ptr<runtime::Engine> engine;
  static uint32_t uses = 0;
  if (uses++ % kUses == 0) {
    auto config = runtime::configure_engine(BootConfig{});
    check(config.has_value(), "no engine");
    config->guest_stack_bytes = size_t{1} << 20;
    auto made = runtime::Engine::create(*config);
    check(made.has_value(), "no engine");
    engine = *std::move(made);
  }
  return *engine;
}

}  // namespace cairn::fuzz

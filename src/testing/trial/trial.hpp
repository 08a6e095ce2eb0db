// Runs an unknown module, for tests that run thousands of modules: its imports are supplied, and its exported functions
// are called. The steps are the same in a process and in the kernels, so that outcomes can be compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/engine.hpp"
#include "wasi/interface/file.hpp"

namespace cairn::wasi {

struct TrialLimits {
  uint64_t memory_bytes =
      uint64_t{16} << 20;             // limit for each memory; a module whose memory begins with more is not run
  uint64_t table_elements = 100'000;  // limit for each table; a module whose table begins with more is not run
  uint32_t calls = 64;                // the most exported functions that are called
};

// Runs `body`, which contains all code of a trial that may run for ever, and can limit its time.
using TrialScope = std::function<void(const std::function<void()>& body)>;

// Returns the scope that ends guest code after `nanoseconds`.
TrialScope within(uint64_t nanoseconds);
// The time that `cairn try` gives the guest code of a module in all.
constexpr uint64_t kTrialNanoseconds = 200'000'000;

// The machine's clocks and entropy, but sleeping takes no time.
class SleeplessSystem final : public System {
 public:
  explicit SleeplessSystem(System& machine) : machine_(machine) {}
  uint64_t now(ClockId clock) override { return machine_.now(clock); }
  uint64_t resolution(ClockId clock) override { return machine_.resolution(clock); }
  Errno fill_random(std::span<std::byte> bytes) override { return machine_.fill_random(bytes); }
  void sleep_until(uint64_t) override {}
  void yield() override {}

 private:
  System& machine_;
};

// Decodes and compiles the module, links it with WASI and with made-up functions, memories, tables, globals and tags of
// the types that it imports, instantiates it, and calls its exported functions with arguments that depend on their
// position. Nothing of the module is left afterwards. Returns one line: "ran N calls, M traps: LAST TRAP", or why the
// module could not be run.
std::string try_module(const runtime::EngineConfig& config, std::vector<std::byte> module, System& system,
                       const TrialLimits& limits, const TrialScope& enter);

}  // namespace cairn::wasi

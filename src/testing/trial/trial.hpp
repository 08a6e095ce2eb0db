// Running a module that nobody knows anything about, for tests with thousands of them: what it imports is supplied,
// what it exports is called. The same steps hosted and in the kernels, so that their outcomes can be compared.
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
  uint64_t memory_bytes = uint64_t{16} << 20;  // of each memory; a module that wants more at once is not run
  uint64_t table_elements = 100'000;
  uint32_t calls = 64;  // of exported functions
};

// Where guest code runs: `enter` gets everything that may run for ever, and can put a limit on its time.
using TrialScope = std::function<void(const std::function<void()>& body)>;

// The scope that ends guest code after so long.
TrialScope within(uint64_t nanoseconds);
// What `cairn try` gives the guest code of a module in all.
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

// Decodes, compiles, links with WASI and with made-up functions, memories, tables, globals and tags of the types
// wanted, instantiates, and calls every exported function with arguments that depend on its position. Everything is
// gone afterwards. Returns one line: "ran N calls, M traps: LAST TRAP", or why the module could not be run.
std::string try_module(const runtime::EngineConfig& config, std::vector<std::byte> module, System& system,
                       const TrialLimits& limits, const TrialScope& enter);

}  // namespace cairn::wasi

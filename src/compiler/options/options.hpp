// The options that the caller of the compiler chooses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "wasm/types/features.hpp"

namespace cairn::compiler {

enum class Architecture : uint8_t { x86_64, riscv64 };

// Optional instruction sets. The platform detects them, or --cpu chooses them for compilation ahead of time.
struct CpuFeatures {
  // Instruction sets of x86-64 above SSE4.1, which is always there.
  bool sse42 = false, popcnt = false, lzcnt = false, bmi1 = false, bmi2 = false, avx = false, avx2 = false, fma = false;
  // Extensions of RV64 above RV64GC.
  bool zba = false, zbb = false, zbs = false, v = false;
  bool operator==(const CpuFeatures&) const = default;
};

// How accesses to 32-bit memories are bounded. Accesses to 64-bit memories and to memories with custom page sizes are
// always checked.
enum class BoundsMode : uint8_t { guard, check };

struct Options {
  Architecture architecture = Architecture::x86_64;
  CpuFeatures cpu;
  wasm::Features features = wasm::Features::all();
  BoundsMode bounds = BoundsMode::guard;
  bool optimize = true;
  bool verify = false;          // verifies the IR after each pass, and the register allocation
  uint32_t register_limit = 0;  // if not zero, the allocator uses only this many registers of a class (for tests)
  bool deterministic_relaxed_simd = false;
  // Budgets of memory for a compilation: for one function at a time, and for all functions of a module one after the
  // other, which bounds the time too. Ordinary code needs 150 to 250 bytes for each byte of its own, and a nanosecond
  // for each byte of memory.
  size_t function_budget_bytes = size_t{1} << 30;
  size_t module_budget_bytes = size_t{64} << 20;
  size_t module_budget_per_byte = 1000;      // in addition, for each byte of the module
  size_t module_budget_per_function = 8192;  // and for each function, however small
};

// Applies one option `key=value`, as given with --engine:
//   opt=none|all       optimization passes
//   registers=N        limits the register allocator (testing)
//   verify=on|off      checkers after every pass
//   relaxed=deterministic|native   relaxed SIMD results
//   cpu=none|NAME,...  exactly these optional instruction sets, by the names of CpuFeatures
Result<void> apply_option(Options& options, std::string_view option);

// Switches a feature off by its name (wasm/types/features.hpp).
Result<void> disable_feature(Options& options, std::string_view name);

}  // namespace cairn::compiler

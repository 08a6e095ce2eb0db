// The options of a compilation, and the functions that set them from text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "wasm/types/features.hpp"

namespace cairn::compiler {

enum class Architecture : uint8_t { x86_64, riscv64 };

// The optional instruction sets that compiled code may use, under the names that their manuals give them. The platform
// detects them, or the option cpu= chooses them.
struct CpuFeatures {
  // Instruction sets of x86-64. SSE4.1 and older ones are not optional.
  bool sse42 = false, popcnt = false, lzcnt = false, bmi1 = false, bmi2 = false, avx = false, avx2 = false, fma = false;
  // Extensions of RV64. Those in RV64GC are not optional.
  bool zba = false, zbb = false, zbs = false, v = false;
  bool operator==(const CpuFeatures&) const = default;
};

// How accesses to 32-bit memories are bounded: by guard pages, or by checks. Accesses to 64-bit memories and to
// memories with custom page sizes are always checked.
enum class BoundsMode : uint8_t { guard, check };

struct Options {
  Architecture architecture = Architecture::x86_64;
  CpuFeatures cpu;
  wasm::Features features = wasm::Features::all();
  BoundsMode bounds = BoundsMode::guard;
  // Whether an index, address or function is replaced by zero in code that the CPU executes speculatively although the
  // check of it fails.
  bool mask = true;
  bool optimize = true;         // simplifies instructions when they are built, and runs the optimization passes
  bool verify = false;          // verifies the IR after each pass, and the register allocation
  uint32_t register_limit = 0;  // if not zero, the allocator uses only this many registers of a class (for tests)
  // Whether relaxed SIMD gives the results of the specification's deterministic profile. These are the same on every
  // target, except for the bits of NaNs (compiler/build/relaxed.cpp).
  bool deterministic_relaxed_simd = false;
  // Budgets of memory for a compilation. function_budget_bytes limits the memory for one function. The other three give
  // the budget of a module: a limit on the sum of the memory that its functions take. The functions are compiled one
  // after the other in the same memory, so the module's budget limits the time rather than the memory. The compilation
  // of ordinary code takes 150 to 250 bytes of memory for each byte of the function bodies, and about a nanosecond for
  // each byte of this memory.
  size_t function_budget_bytes = size_t{1} << 30;
  size_t module_budget_bytes = size_t{64} << 20;
  size_t module_budget_per_byte = 1000;      // bytes of budget added for each byte of the module
  size_t module_budget_per_function = 8192;  // bytes of budget added for each function that the module defines
  // The limit on the memory for the code of all functions and for the compilation of one of them.
  uint64_t memory_budget_bytes = ~uint64_t{0};
};

// Sets one option from its text `key=value`, as given to the `cairn` command with --engine. A text that is none of the
// following is an error of the kind usage:
//   opt=none|all       whether code is optimized
//   registers=N        at most N registers of each class for the register allocator (for tests)
//   verify=on|off      checks of the IR after every pass, and of the register allocation
//   mask=on|off        whether checked indices are masked under speculation (off only to measure the price)
//   relaxed=deterministic|native   results of relaxed SIMD: the same on every target, or the target's own
//   cpu=none|NAME,...  exactly these optional instruction sets, by their names in cpu_feature_names.hpp
Result<void> apply_option(Options& options, std::string_view option);

// Switches off the WebAssembly feature with this name (wasm/types/features.hpp). An unknown name is an error of the
// kind usage.
Result<void> disable_feature(Options& options, std::string_view name);

}  // namespace cairn::compiler

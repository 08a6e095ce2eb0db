// The entry points of the compiler, which turns a decoded module into a code object (codegen/code_object.hpp). The
// compiler keeps no state and touches no instance; equal inputs give equal bytes (INV-2).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "compiler/options/options.hpp"
#include "wasm/module.hpp"

namespace cairn::compiler {

// Validates and compiles every function of the module. Errors: invalid or unsupported code, with its offset; limit, if
// a function exceeds its budget.
Result<std::vector<std::byte>> compile_module(const wasm::Module& module, const Options& options);

// Compiles the code between host and guest: an entry trampoline and a host trampoline for each signature
// (TrampolineRecord::type_index is the position in `types`; references in these are of abstract types). An engine makes
// them once for all its modules.
Result<std::vector<std::byte>> compile_trampolines(std::span<const wasm::FuncType> types, const Options& options);

// Compiles the stubs, which do not depend on signatures: the stub that tail calls between instances return to (the
// record with type_index kTailCallRestore), the stubs in front of builtins that look at their caller's frame
// (kExitStub), and the stub that enters landing pads (kLandingStub).
Result<std::vector<std::byte>> compile_stubs(const Options& options);

// The forms of one function in the compiler, for people and for tests.
struct FunctionDump {
  std::string ir;               // as the builder makes it
  std::string optimized;        // after the optimization passes
  std::string machine;          // selected instructions over virtual registers
  std::string allocated;        // the same instructions with registers, slots and moves
  std::vector<std::byte> code;  // before references to other functions and constants are resolved
};
Result<FunctionDump> dump_function(const wasm::Module& module, wasm::FuncIndex index, const Options& options);

}  // namespace cairn::compiler

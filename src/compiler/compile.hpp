// The compiler's entry: a decoded module to a code object (codegen/code_object.hpp). It keeps no state and touches no
// instance; equal inputs give equal bytes (INV-2).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "compiler/options/options.hpp"
#include "wasm/module.hpp"

namespace cairn::compiler {

// Validates and compiles every function of the module. Errors: invalid or unsupported code with its offset; limit when
// a function exceeds its budget.
Result<std::vector<std::byte>> compile_module(const wasm::Module& module, const Options& options);

// Compiles what lies between host and guest: for each signature an entry trampoline and a host trampoline
// (TrampolineRecord::type_index is the position in `types`, whose references are of abstract types). An engine makes
// them once for all its modules.
Result<std::vector<std::byte>> compile_trampolines(std::span<const wasm::FuncType> types, const Options& options);

// Compiles what no signature is needed for: the stub to which tail calls between instances return (the record with
// type_index kTailCallRestore), the stubs in front of builtins that look at their caller's frame (kExitStub), and the
// one that enters landing pads (kLandingStub).
Result<std::vector<std::byte>> compile_stubs(const Options& options);

// What the compiler makes of one function, for people and for tests.
struct FunctionDump {
  std::string ir;               // as built
  std::string optimized;        // after the passes
  std::string machine;          // selected instructions over virtual registers
  std::string allocated;        // the same with registers, slots and moves
  std::vector<std::byte> code;  // before references to other functions and constants are resolved
};
Result<FunctionDump> dump_function(const wasm::Module& module, wasm::FuncIndex index, const Options& options);

}  // namespace cairn::compiler

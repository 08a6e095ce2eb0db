// The entry points of the compiler, which turns a decoded module into a code object (codegen/object/code_object.hpp).
// The compiler keeps no state and touches no instance of a module; equal inputs give equal bytes (INV-2).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "compiler/options/options.hpp"
#include "wasm/module.hpp"

namespace cairn::compiler {

// compile_module() calls `function(context)` several times for each function of the module: after the IR has been
// built, after it has been optimized, after instructions have been selected, and after registers have been allocated.
// If it returns false, the compilation ends with an Error of kind limit.
struct GoOn {
  bool (*function)(void* context) = [](void*) { return true; };
  void* context = nullptr;
};

// Validates and compiles every function of the module. The result is a code object. Errors: malformed, invalid or
// unsupported code, with its offset in the module's bytes; limit, if the compilation needs more memory than a budget in
// the options allows, exceeds another limit (such as 2 GiB of machine code), or ends because of `go_on`; resource, if
// memory runs out.
Result<std::vector<std::byte>> compile_module(const wasm::Module& module, const Options& options, GoOn go_on = {});

// Compiles the code between host and guest for each signature in `types`: an entry trampoline, through which the host
// calls guest functions, and a host trampoline, through which guest code calls host functions. The result is a code
// object with a TrampolineRecord for each signature, whose type_index is the signature's position in `types`.
// Signatures must have no concrete reference types, since those are indices of a module's types. An engine compiles the
// trampolines of a signature once, for all its modules. Error: resource, if memory runs out.
Result<std::vector<std::byte>> compile_trampolines(std::span<const wasm::FuncType> types, const Options& options);

// Compiles the stubs, which do not depend on signatures: the stub that tail calls between instances return to (its
// TrampolineRecord::type_index is kTailCallRestore), a stub in front of each builtin (kExitStub), and the stub that
// enters landing pads, the code to which exceptions unwind (kLandingStub). The result is a code object. Error:
// resource, if memory runs out.
Result<std::vector<std::byte>> compile_stubs(const Options& options);

// The forms that one function takes in the course of its compilation, for people and for tests.
struct FunctionDump {
  std::string ir;               // the IR that the builder makes
  std::string optimized;        // the IR after the optimization passes
  std::string machine;          // selected instructions over virtual registers
  std::string allocated;        // the same instructions with registers, slots and moves
  std::vector<std::byte> code;  // machine code with unresolved references to functions, constants and types
};
// `index` must be that of a function that the module defines. Errors: as compile_module().
Result<FunctionDump> dump_function(const wasm::Module& module, wasm::FuncIndex index, const Options& options);

}  // namespace cairn::compiler

// WebAssembly instructions as text, one a line: for people to read beside the compiler's output.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "wasm/module.hpp"

namespace cairn::cli {

struct InstructionText {
  uint64_t offset = 0;  // in the module's bytes
  std::string text;     // indented by block depth; calls with the callee's name
};

// Disassembles a function that the module defines, whose body is valid.
Result<std::vector<InstructionText>> disassemble(const wasm::Module& module, wasm::FuncIndex function);

}  // namespace cairn::cli

// Where the instructions of a function are, and what some of them leave on the stack: what a mutation needs to know.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "wasm/module.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::fuzz {

struct Instruction {
  uint64_t begin = 0;  // offsets in the module
  uint64_t end = 0;
  enum class Kind : uint8_t { other, constant, plain, local_get, local_set, local_tee, load, store } kind = Kind::other;
  wasm::Opcode opcode = wasm::kNoOpcode;  // plain, load, store
  std::optional<wasm::ValType> result{};  // exactly one value of this type was pushed
};

struct FunctionInstructions {
  std::vector<wasm::ValType> locals;
  std::vector<Instruction> live;  // in order; code that cannot be reached is left out
};

// Nothing when the function is not valid.
std::optional<FunctionInstructions> find_instructions(const wasm::Module& module, wasm::FuncIndex function);

}  // namespace cairn::fuzz

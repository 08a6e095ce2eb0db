// Finds what mutations need to know of a function: the places of its instructions, and the values that some push.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "wasm/module.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::fuzz {

struct Instruction {
  uint64_t begin = 0;  // offset in the module
  uint64_t end = 0;    // equal to begin if the end is not known
  enum class Kind : uint8_t { other, constant, plain, local_get, local_set, local_tee, load, store } kind = Kind::other;
  wasm::Opcode opcode = wasm::kNoOpcode;  // set if the kind is plain, load or store
  std::optional<wasm::ValType> result{};  // set if the instruction pushes exactly one value, which has this type
};

struct FunctionInstructions {
  std::vector<wasm::ValType> locals;
  std::vector<Instruction> live;  // in order; code that cannot be reached is left out
};

// Returns nothing if the function is not valid.
std::optional<FunctionInstructions> find_instructions(const wasm::Module& module, wasm::FuncIndex function);

}  // namespace cairn::fuzz

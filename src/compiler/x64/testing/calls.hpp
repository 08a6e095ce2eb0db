// Helpers for tests of calls: another instance, and the function that the machine's own instance imports.
#pragma once

#include <cstring>
#include <vector>

#include "compiler/x64/testing/execution.hpp"

namespace cairn::x64::testing {

// Sets the first function that the machine's instance imports.
inline void fill_import(Machine& machine, const void* code, abi::VMContext* context) {
  abi::VMFunctionImport import;
  import.code = code;
  import.context = context;
  std::memcpy(reinterpret_cast<std::byte*>(machine.vmctx()) + sizeof(abi::VMContext), &import, sizeof import);
}

// Another instance. Its memory of 64 words of 64 bits begins with `word`; the other words are 0.
struct OtherInstance {
  explicit OtherInstance(Machine& machine, uint64_t word) {
    context = *machine.vmctx();
    memory.resize(64);
    memory[0] = word;
    context.memory0_base = reinterpret_cast<std::byte*>(memory.data());
  }
  abi::VMContext context;
  std::vector<uint64_t> memory;
};

}  // namespace cairn::x64::testing

// Placeholders for functions that a module imports and nobody defines.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/try_deque.hpp"
#include "runtime/linker.hpp"

namespace cairn::wasi {

// Holds the messages of the placeholders; must live as long as their store.
class UnknownImports {
 public:
  // Defines every imported function that the linker lacks as a function that traps and names itself.
  Result<void> define(runtime::Store& store, runtime::Linker& linker, const runtime::Module& module);

 private:
  TryDeque<std::string> messages_;
};

}  // namespace cairn::wasi

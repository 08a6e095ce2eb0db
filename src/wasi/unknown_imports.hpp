// Placeholders for functions that a module imports and the linker does not provide.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/try_deque.hpp"
#include "runtime/linker.hpp"

namespace cairn::wasi {

// Holds the messages of the placeholders. It must live as long as the store in which they are defined.
class UnknownImports {
 public:
  // Defines every imported function that the linker lacks as a function that traps with a message that names it.
  Result<void> define(runtime::Store& store, runtime::Linker& linker, const runtime::Module& module);

 private:
  TryDeque<std::string> messages_;
};

}  // namespace cairn::wasi

// Stand-ins for functions that a module imports and nobody defines.
#pragma once

#include <deque>
#include <string>

#include "base/result.hpp"
#include "runtime/linker.hpp"

namespace cairn::wasi {

// What the stand-ins say when they are called; lives as long as the store that they are in.
class UnknownImports {
 public:
  // Defines every function that the module imports and the linker lacks as one that traps and names itself.
  Result<void> define(runtime::Store& store, runtime::Linker& linker, const runtime::Module& module);

 private:
  std::deque<std::string> messages_;
};

}  // namespace cairn::wasi

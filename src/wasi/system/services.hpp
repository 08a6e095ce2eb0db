// What a machine or a process gives to programs that have the capability `system`.
#pragma once

#include <string_view>

#include "wasi/supervision/shared_module.hpp"

namespace cairn::wasi {

// Several threads may use it at the same time. It outlives the programs that have it.
class ProgramServices {
 public:
  // Returns the module of the program with this name; null if there is none.
  virtual SharedModule* find_module(std::string_view name) = 0;
  // Writes a line to the log. `text` has no control characters.
  virtual void log(std::string_view program, std::string_view text) = 0;

 protected:
  ~ProgramServices() = default;
};

}  // namespace cairn::wasi

// What it costs to take a module from bytes to an instance: CPU time and memory, in a process of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "compiler/options/options.hpp"

namespace cairn::bombs {

struct Cost {
  uint64_t input_bytes = 0;
  // Nanoseconds of CPU.
  uint64_t front = 0;         // reading the text, or decoding
  uint64_t compile = 0;       // validating and compiling the functions
  uint64_t load = 0;          // loading the object and instantiating it
  uint64_t memory_bytes = 0;  // at most in use, above what the module itself takes
  uint64_t object_bytes = 0;
  bool is_alive = false;  // the process ended well
  char error[200] = {};   // of a module that is refused
};

using MakeModule = std::function<std::vector<std::byte>()>;
using MakeText = std::function<std::string()>;

// Decodes, validates, compiles for `architecture` and reads the object again; where it is this machine's, also loads
// and instantiates.
Cost measure_module(const MakeModule& make, compiler::Architecture architecture, bool optimize = true);
// Assembles, decodes and prints.
Cost measure_text(const MakeText& make);

}  // namespace cairn::bombs

// Measures what it costs to make an instance from the bytes of a module: CPU time and memory, in a process of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "compiler/options/options.hpp"

namespace cairn::bombs {

struct Cost {
  uint64_t input_bytes = 0;
  // Times in nanoseconds of CPU time, as measure_module sets them.
  uint64_t front = 0;    // decoding
  uint64_t compile = 0;  // validating and compiling the functions
  uint64_t load = 0;     // reading the object, or loading and instantiating it

  uint64_t memory_bytes = 0;  // the peak in use, without the module itself
  uint64_t object_bytes = 0;  // size of the compiled object
  bool is_alive = false;      // whether the process ended with status 0
  char error[200] = {};       // the message, if the module was refused
};

using MakeModule = std::function<std::vector<std::byte>()>;
using MakeText = std::function<std::string()>;

// Decodes, validates and compiles the module for `architecture`, and reads the object again. If the architecture is
// this machine's, also loads and instantiates the object.
Cost measure_module(const MakeModule& make, compiler::Architecture architecture, bool optimize = true);
// Assembles the text, decodes the module and prints it. In the result, `front` is the time to assemble, `load` the time
// to print, and `object_bytes` the size of the module.
Cost measure_text(const MakeText& make);

}  // namespace cairn::bombs

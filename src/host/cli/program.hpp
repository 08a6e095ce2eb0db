// Loads the PROGRAM that the user names: turns a module, a text or a C or C++ source into the bytes of a module.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace cairn::cli {

enum class Validation : uint8_t { off, on };

// Reads a module, or makes one. Text (.wat) is assembled. With Validation::on it is validated, too, because only here
// can an error name the line. C and C++ sources (.c, .cc, .cpp, .cxx) are compiled with clang for wasm32-wasip1. The
// module is kept in `compiled` in cache_directory(), keyed by the source's path, contents and flags, until the source
// or a header that is not the system's changes. A compiler's diagnostics go to stderr as they are; the Error is then of
// kind malformed.
Result<std::string> load_program(const std::string& path, Validation validation = Validation::on);

}  // namespace cairn::cli

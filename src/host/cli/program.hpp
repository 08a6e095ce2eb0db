// From the PROGRAM that the user names to the bytes of a module.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace cairn::cli {

enum class Validation : uint8_t { off, on };

// Reads a module, or makes one: text (.wat) is assembled and validated, because its lines are known only here; C and
// C++ sources (.c, .cc, .cpp, .cxx) are compiled with clang for wasm32-wasi and kept in build/cache/compiled, keyed by
// the source's path, contents and flags, until the source or a header of its own changes. A compiler's diagnostics go
// to stderr as they are; the Error is then of kind malformed.
Result<std::string> load_program(const std::string& path, Validation validation = Validation::on);

}  // namespace cairn::cli

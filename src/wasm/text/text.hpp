// The text format ([wasm 6]): text to bytes, a module to text. For scripts see wast.hpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "wasm/module.hpp"

namespace cairn::wasm::text {

// Blocks and folded instructions in each other. The parser keeps them on the heap; the limit bounds what follows it.
inline constexpr size_t kMaxNesting = 100'000;

// A module, `(module ...)` or its fields alone, to the binary format, unvalidated. Covers WebAssembly 3.0, the legacy
// exceptions, threads, wide arithmetic, custom page sizes, and the annotations @custom, @name and
// @metadata.code.branch_hint. Identifiers become the name section. Features hardly matter here: validation refuses what
// is off; without memory64, sizes are numbers of 32 bits. Errors are "file:line:column: what is wrong, what was
// expected"; columns count bytes, from 1.
Result<std::vector<std::byte>> assemble(std::string_view source, std::string_view file_name,
                                        Features features = Features::all());

// The same, and validates: what validation finds in a function's instructions has its position in the text too.
Result<std::vector<std::byte>> assemble_valid(std::string_view source, std::string_view file_name,
                                              Features features = Features::all());

// The module as text: one instruction a line, identifiers from the name section, other custom sections as annotations.
// Assembling it gives the module back, but for the lengths of LEB128 numbers, unless a custom section stands in the
// way. Function bodies need not have been validated; what cannot be decoded in them is an error.
Result<std::string> disassemble(const Module& module);

// Puts "file:line:column: " in front of an error's message, in place of its offset.
Error with_position(Error error, std::string_view source, std::string_view file_name);

}  // namespace cairn::wasm::text

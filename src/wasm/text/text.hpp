// The text format ([wasm 6]): turns text into bytes, and a module into text. For scripts see wast.hpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "wasm/module.hpp"

namespace cairn::wasm::text {

// Limits how deep blocks and folded instructions can be nested. The parser keeps them on the heap; the limit protects
// the later phases.
inline constexpr size_t kMaxNesting = 100'000;

// Assembles a module, `(module ...)` or its fields alone, to the binary format, without validation. It covers
// WebAssembly 3.0, the legacy exceptions, threads, wide arithmetic, custom page sizes, and the annotations @custom,
// @name and @metadata.code.branch_hint. Identifiers become the name section. `features` has one effect only: without
// memory64, sizes are numbers of 32 bits. Validation refuses the use of features that are off. Errors are
// "file:line:column: defect, expected text"; columns count bytes, from 1.
Result<std::vector<std::byte>> assemble(std::string_view source, std::string_view file_name,
                                        Features features = Features::all());

// Assembles and validates. Errors of validation in a function's instructions also have a line and a column.
Result<std::vector<std::byte>> assemble_valid(std::string_view source, std::string_view file_name,
                                              Features features = Features::all());

// Prints the module as text: one instruction on each line, identifiers from the name section, other custom sections as
// annotations. Assembling the text gives an equivalent module; properties that the module does not keep are lost, such
// as the lengths of LEB128 numbers and empty sections. Function bodies need not have been validated; an instruction
// that cannot be decoded is an error.
Result<std::string> disassemble(const Module& module);

struct InstructionText {
  uint64_t offset = 0;  // the instruction's offset in the module's bytes
  std::string text;     // the instruction as text, indented by the depth of blocks
};
// Returns the instructions of a function that the module defines, in their order, without the `end` of its body.
Result<std::vector<InstructionText>> disassemble_function(const Module& module, FuncIndex function);

// Puts "file:line:column: " in front of an error's message, instead of its offset.
Error with_position(Error error, std::string_view source, std::string_view file_name);

}  // namespace cairn::wasm::text

// Checks function bodies and constant expressions by the grammar of the binary format alone ([wasm 5.4]), without types
// and indices.
//
// Decoding and validation are one pass, which stops at the first error. But code that is malformed must be reported as
// malformed, even if validation finds an error before the malformed place. Therefore, after an error, these
// functions look through the code that was not validated. If it is malformed, that error is reported. The printer and
// the compiler's scan of loops call them too.
#pragma once

#include "wasm/byte_reader.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::wasm {

// All of these functions return false when the bytes are malformed; the reader then holds the error. read_opcode()
// reads a whole opcode, with its prefix. skip_immediates() skips the immediates of one instruction. Some instructions
// are malformed in a module without a data count section; `has_data_count` says whether there is one.

bool read_opcode(ByteReader& in, Opcode& opcode);
bool skip_immediates(ByteReader& in, Opcode opcode, bool has_data_count);
// Skips instructions up to and including the `end` that closes the outermost of `open_blocks` open blocks.
bool skip_instructions(ByteReader& in, uint32_t open_blocks, bool has_data_count);
// Skips the local declarations of a body.
bool skip_locals(ByteReader& in);
// Skips a body, beginning with its local declarations.
bool skip_body(ByteReader& in, bool has_data_count);

}  // namespace cairn::wasm

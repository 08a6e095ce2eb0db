// What the binary format alone says about a function body or a constant expression ([wasm 5.4]), types and indices
// aside.
//
// Decoding and validation are one pass, which stops at the first error. But a module that is malformed anywhere is
// malformed, whatever validation would say of it. So after an error the rest is looked through with this, only to tell
// which kind of error to report. Otherwise only who has to look ahead reads code with it.
#pragma once

#include "wasm/byte_reader.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::wasm {

// All of these give false when the bytes are malformed; the reader then holds the error. Without a data count section
// some instructions are.

bool read_opcode(ByteReader& in, Opcode& opcode);
bool skip_immediates(ByteReader& in, Opcode opcode, bool has_data_count);
// Instructions up to the `end` that closes `open_blocks` blocks.
bool skip_instructions(ByteReader& in, uint32_t open_blocks, bool has_data_count);
// A body's local declarations.
bool skip_locals(ByteReader& in);
// A body, local declarations first.
bool skip_body(ByteReader& in, bool has_data_count);

}  // namespace cairn::wasm

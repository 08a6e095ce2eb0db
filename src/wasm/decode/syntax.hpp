// What the binary format alone says about a function body or a constant expression ([wasm 5.4]), types and indices
// aside.
//
// Decoding and validation are one pass, which stops at the first error. But a module that is malformed anywhere is
// malformed, whatever validation would say of it. So after an error the rest is looked through with this, only to tell
// which kind of error to report. Never on the way of a module without errors.
#pragma once

#include "wasm/byte_reader.hpp"

namespace cairn::wasm {

// Reads instructions up to the `end` that closes `open_blocks` blocks. False: malformed; the reader holds the error.
bool skip_instructions(ByteReader& in, uint32_t open_blocks, bool has_data_count);

// Reads a body, local declarations first.
bool skip_body(ByteReader& in, bool has_data_count);

}  // namespace cairn::wasm

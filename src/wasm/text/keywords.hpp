// The keywords of the text format: which keywords exist, and which of them are instructions.
#pragma once

#include <optional>
#include <string_view>

#include "wasm/types/opcodes.hpp"

namespace cairn::wasm::text {

// Returns the opcode of that name. If several opcodes have the name (select, ref.test, ref.cast), returns the one that
// comes first in opcodes.def.
std::optional<Opcode> find_instruction(std::string_view name);

// Whether any rule of the grammar (of modules or of scripts) has this keyword. Any other keyword is an unknown
// operator.
bool is_known_keyword(std::string_view text);

// Whether the keyword is one like "offset=8" or "align=0x4".
bool is_offset(std::string_view keyword);
bool is_align(std::string_view keyword);

}  // namespace cairn::wasm::text

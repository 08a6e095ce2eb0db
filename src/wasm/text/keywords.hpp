// The keywords of the text format: which are instructions, and which exist at all.
#pragma once

#include <optional>
#include <string_view>

#include "wasm/types/opcodes.hpp"

namespace cairn::wasm::text {

// The instruction of that name. Opcodes that share a name (select, ref.test, ref.cast) give the first of opcodes.def.
std::optional<Opcode> find_instruction(std::string_view name);

// Whether any rule of the grammar (of modules or of scripts) has this keyword. One that has not is an unknown operator.
bool is_known_keyword(std::string_view text);

// "offset=8", "align=0x4"
bool is_offset(std::string_view keyword);
bool is_align(std::string_view keyword);

}  // namespace cairn::wasm::text

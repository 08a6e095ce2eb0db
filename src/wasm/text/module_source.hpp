// Modules as they stand in a file or in a script: (module ...) in its forms.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "wasm/text/cursor.hpp"
#include "wasm/text/source_map.hpp"
#include "wasm/types/features.hpp"

namespace cairn::wasm::text {

// A whole source that is one module. Errors carry the offset, but no line and column. The map, which is optional, is
// filled unless the module is given as bytes or quoted.
Result<std::vector<std::byte>> assemble_source(std::string_view source, Features features, SourceMap* map = nullptr);

// What a module is made of, behind "(module" and an identifier.
enum class ModuleForm : uint8_t { text, binary, quote };

// Reads `binary` or `quote`, or neither.
ModuleForm take_form(Cursor& cursor);

// The contents of a module whose closing parenthesis is `end`; the cursor is behind take_form(). An error concerns this
// module alone, so that a script can go on.
Result<std::vector<std::byte>> module_bytes(Cursor cursor, uint32_t end, ModuleForm form, std::string_view name,
                                            Features features, SourceMap* map = nullptr);

}  // namespace cairn::wasm::text

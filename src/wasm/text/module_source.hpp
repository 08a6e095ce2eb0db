// Assembles the modules of files and scripts in all forms of (module ...).
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

// Assembles a source that is one module. Errors carry the offset, but no line and column. `map` is optional; it is
// filled unless the module is given as bytes or quoted.
Result<std::vector<std::byte>> assemble_source(std::string_view source, Features features, SourceMap* map = nullptr);

// The form of a module's contents, which follow "(module" and an optional identifier.
enum class ModuleForm : uint8_t { text, binary, quote };

// Reads `binary` or `quote`, if either is there.
ModuleForm take_form(Cursor& cursor);

// Encodes the contents of a module whose closing parenthesis is `end`. The cursor is where take_form() left it. An
// error concerns this module only, so a script can go on.
Result<std::vector<std::byte>> module_bytes(Cursor cursor, uint32_t end, ModuleForm form, std::string_view name,
                                            Features features, SourceMap* map = nullptr);

}  // namespace cairn::wasm::text

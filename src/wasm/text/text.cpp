#include "wasm/text/text.hpp"

#include "base/format.hpp"
#include "wasm/text/lexer.hpp"
#include "wasm/text/module_source.hpp"

namespace cairn::wasm::text {

Result<std::vector<std::byte>> assemble(std::string_view source, std::string_view file_name, Features features) {
  Result<std::vector<std::byte>> bytes = assemble_source(source, features);
  if (!bytes) return fail(with_position(std::move(bytes).error(), source, file_name));
  return bytes;
}

Error with_position(Error error, std::string_view source, std::string_view file_name) {
  if (!error.has_offset) return error;
  const Position position = Lines(source).position_of(error.offset);
  error.message =
      std::string(file_name) + ":" + decimal(position.line) + ":" + decimal(position.column) + ": " + error.message;
  return error;
}

}  // namespace cairn::wasm::text

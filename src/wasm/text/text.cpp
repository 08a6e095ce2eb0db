#include "wasm/text/text.hpp"

#include "base/format.hpp"
#include "base/operation.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/lexer.hpp"
#include "wasm/text/module_source.hpp"
#include "wasm/text/source_map.hpp"

namespace cairn::wasm::text {

Result<std::vector<std::byte>> assemble(std::string_view source, std::string_view file_name, Features features) {
  return run_operation([&]() -> Result<std::vector<std::byte>> {
    Result<std::vector<std::byte>> bytes = assemble_source(source, features);
    if (!bytes) return fail(with_position(std::move(bytes).error(), source, file_name));
    return bytes;
  });
}

namespace {

Result<std::vector<std::byte>> assemble_and_validate(std::string_view source, std::string_view file_name,
                                                     Features features) {
  auto bytes = CAIRN_TRY(assemble(source, file_name, features));
  Result<Module> module = decode_and_validate(bytes, features);
  if (module) return bytes;
  Error error = std::move(module).error();
  // Assembles once more, to map the error's offset to the text.
  SourceMap map;
  const auto text_offset =
      error.has_offset && assemble_source(source, features, &map) ? map.find(bytes, error.offset) : std::nullopt;
  if (!text_offset) {
    error.message = std::string(file_name) + ": " + error.message;
    return fail(std::move(error));
  }
  error.offset = *text_offset;
  return fail(with_position(std::move(error), source, file_name));
}

}  // namespace

Result<std::vector<std::byte>> assemble_valid(std::string_view source, std::string_view file_name, Features features) {
  return run_operation([&] { return assemble_and_validate(source, file_name, features); });
}

Error with_position(Error error, std::string_view source, std::string_view file_name) {
  if (!error.has_offset) return error;
  const Position position = Lines(source).position_of(error.offset);
  error.has_offset = false;
  error.message =
      std::string(file_name) + ":" + decimal(position.line) + ":" + decimal(position.column) + ": " + error.message;
  return error;
}

}  // namespace cairn::wasm::text

// Fuzzes the text format's lexer, parser and assembler with any text.
//
// A module that was assembled may be invalid, but not malformed, unless the text is a module in its binary form. A
// valid module is printed and assembled again.
#include "support/check.hpp"
#include "support/input.hpp"
#include "support/round_trip.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"

using namespace cairn;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Result<std::vector<std::byte>> bytes = wasm::text::assemble(fuzz::as_text(data, size), "input");
  if (!bytes) return 0;
  const Result<wasm::Module> module = wasm::decode_and_validate(std::move(*bytes), wasm::Features::all());
  if (module) {
    fuzz::check_round_trip(*module);
  } else if (module.error().kind == ErrorKind::malformed && !fuzz::as_text(data, size).contains("binary")) {
    fuzz::finding("what was assembled is malformed: " + module.error().to_string());
  }
  return 0;
}

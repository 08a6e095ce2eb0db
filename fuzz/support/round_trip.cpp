#include "support/round_trip.hpp"

#include <string>
#include <vector>

#include "support/check.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"

namespace cairn::fuzz {
namespace {

// Whether the text says everything about the module. It does not for custom sections. The text gives the place of such
// a section by the section before it, which is not printed if it is empty. The sections `name` and
// `metadata.code.branch_hint` are printed with the names and instructions, and bytes without a meaning are lost.
bool is_plain(const wasm::Module& module) { return module.custom_sections.empty(); }

}  // namespace

void check_round_trip(const wasm::Module& module) {
  const Result<std::string> text = wasm::text::disassemble(module);
  if (!text) finding("a valid module cannot be printed: " + text.error().to_string());
  const Result<std::vector<std::byte>> bytes = wasm::text::assemble(*text, "printed");
  if (!bytes) {
    if (!is_plain(module)) return;
    finding("what was printed cannot be assembled: " + bytes.error().message + "\n" + *text);
  }
  const Result<wasm::Module> again = wasm::decode_and_validate(*bytes, module.features);
  if (!again) finding("what was printed is not valid any more: " + again.error().to_string() + "\n" + *text);
  const Result<std::string> text_again = wasm::text::disassemble(*again);
  if (!text_again) finding("a valid module cannot be printed: " + text_again.error().to_string());
  if (!is_plain(module)) return;
  if (*text_again != *text) finding("printed twice, different texts:\n" + *text + "\n" + *text_again);
  const Result<std::vector<std::byte>> bytes_again = wasm::text::assemble(*text_again, "printed");
  check(bytes_again && *bytes_again == *bytes, "the same text, other bytes");
}

}  // namespace cairn::fuzz

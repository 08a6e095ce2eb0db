// Decodes custom sections ([wasm 5.5.3]): keeps all of them, and reads names ([wasm 7.6.1]) and branch hints from them.
#include <algorithm>

#include "wasm/decode/module_decoder.hpp"
#include "wasm/utf8.hpp"

namespace cairn::wasm {
namespace {

Result<std::string_view> read_name(ByteReader& in) {
  const auto bytes = CAIRN_TRY(in.bytes(CAIRN_TRY(in.length())));
  if (!is_utf8(bytes)) return fail(Error::of(ErrorKind::malformed, "malformed UTF-8 encoding"));
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// Reads a name map. Stops at the first entry that is malformed or out of order.
Result<void> read_name_map(ByteReader in, std::vector<Names::Entry>& entries) {
  const uint32_t size = CAIRN_TRY(in.length());
  for (uint32_t i = 0; i < size; ++i) {
    const uint32_t index = CAIRN_TRY(in.u32());
    const std::string_view name = CAIRN_TRY(read_name(in));
    if (!entries.empty() && entries.back().index >= index) return {};
    entries.push_back({index, name});
  }
  return {};
}

Result<void> read_names(ByteReader in, Names& names) {
  constexpr uint8_t kModuleName = 0;
  constexpr uint8_t kFunctionNames = 1;
  while (!in.at_end()) {
    const uint8_t id = CAIRN_TRY(in.u8());
    const uint32_t size = CAIRN_TRY(in.length());
    ByteReader subsection(CAIRN_TRY(in.bytes(size)), in.offset() - size);
    if (id == kModuleName && names.module.empty()) names.module = CAIRN_TRY(read_name(subsection));
    if (id == kFunctionNames && names.functions.empty()) CAIRN_TRY(read_name_map(subsection, names.functions));
  }
  return {};
}

using FunctionHints = std::pair<FuncIndex, std::vector<BranchHint>>;

Result<FunctionHints> read_function_hints(ByteReader& in) {
  FunctionHints hints;
  hints.first = FuncIndex(CAIRN_TRY(in.u32()));
  const uint32_t size = CAIRN_TRY(in.length());
  for (uint32_t i = 0; i < size; ++i) {
    const uint32_t offset = CAIRN_TRY(in.u32());
    const uint32_t length = CAIRN_TRY(in.u32());
    const uint8_t value = CAIRN_TRY(in.u8());
    const bool in_order = hints.second.empty() || hints.second.back().offset < offset;
    if (length != 1 || value > 1 || !in_order) return fail(Error::of(ErrorKind::malformed, "malformed branch hint"));
    hints.second.push_back({offset, value == 1});
  }
  return hints;
}

}  // namespace

Result<void> ModuleDecoder::custom_section(uint64_t end) {
  const uint64_t start = in_.offset();
  CustomSection section;
  section.name = CAIRN_TRY(name());
  section.offset = in_.offset();
  if (section.offset > end) return malformed(start, "unexpected end of section or function");
  section.bytes = CAIRN_TRY(in_.bytes(end - section.offset));
  module_.custom_sections.push_back(std::move(section));
  return {};
}

void ModuleDecoder::name_section(const CustomSection& section) {
  // Names that were read before an error stay.
  (void)read_names(ByteReader(section.bytes, section.offset), module_.names);
}

void ModuleDecoder::branch_hint_section(const CustomSection& section) {
  if (!module_.branch_hints.empty()) return;
  ByteReader in(section.bytes, section.offset);
  const auto size = in.length();
  if (!size) return;
  for (uint32_t i = 0; i < *size; ++i) {
    auto hints = read_function_hints(in);
    if (!hints || hints->first.index() >= module_.functions.size()) return;
    if (!module_.branch_hints.empty() && module_.branch_hints.back().first >= hints->first) return;
    module_.branch_hints.push_back(std::move(*hints));
  }
}

}  // namespace cairn::wasm

#include "wasm/decoder.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/operation.hpp"
#include "wasm/decode/module_decoder.hpp"
#include "wasm/utf8.hpp"
#include "wasm/validation/validator.hpp"

namespace cairn::wasm {
namespace {

enum SectionId : uint8_t {
  kCustom,
  kType,
  kImport,
  kFunction,
  kTable,
  kMemory,
  kGlobal,
  kExport,
  kStart,
  kElement,
  kCode,
  kData,
  kDataCount,
  kTag,
  kSectionIds,
};

// A row of kSections, which is indexed by section id: the section's place in the order of sections ([wasm 5.5.17]), its
// name, and the name of its entries.
struct SectionRow {
  uint8_t rank;
  std::string_view name;
  std::string_view entry;
};
constexpr SectionRow kSections[kSectionIds] = {
    {0, "custom", {}},        {1, "type", "type"},
    {2, "import", "import"},  {3, "function", "function"},
    {4, "table", "table"},    {5, "memory", "memory"},
    {7, "global", "global"},  {8, "export", "export"},
    {9, "start", {}},         {10, "element", "element segment"},
    {12, "code", "function"}, {13, "data", "data segment"},
    {11, "data count", {}},   {6, "tag", "tag"},
};

// Returns " 0a 1b ...": each byte in hexadecimal, with a space in front.
std::string spaced_hex(std::span<const std::byte> bytes) {
  std::string out;
  for (const std::byte byte : bytes) out += " " + hex(static_cast<uint8_t>(byte), 2).substr(2);
  return out;
}

// The component model has divided the version into two 16-bit numbers: the version proper, and the layer, which is 0
// for modules and 1 for components.
std::string describe_version(uint32_t version) {
  if (version >> 16 != 1) return decimal(version) + ", expected 1";
  return decimal(version) + ": this is a component (version " + decimal(version & 0xffff) +
         "), and only core modules can be run";
}

}  // namespace

ModuleDecoder::ModuleDecoder(std::span<const std::byte> bytes, Features features)
    : features_(features), bytes_(bytes), in_(bytes), const_exprs_((module_.features = features, module_)) {}

Result<void> ModuleDecoder::decode() {
  CAIRN_TRY(check_limit("module too large", bytes_.size(), limits::kModuleSize, 0));
  uint32_t magic = 0;
  uint32_t version = 0;
  if (!in_.read_bits32(magic)) return in_.failure();
  if (magic != 0x6d73'6100) {  // the bytes 00 61 73 6d as a little-endian number
    return malformed(0, "magic header not detected: 00 61 73 6d expected, found" + spaced_hex(bytes_.first(4)));
  }
  if (!in_.read_bits32(version)) return in_.failure();
  if (version != 1) return malformed(4, "unknown binary version " + describe_version(version));
  uint8_t last_rank = 0;
  while (!in_.at_end()) {
    const uint64_t offset = in_.offset();
    const uint8_t id = CAIRN_TRY(in_.u8());
    if (id >= kSectionIds) return malformed(offset, "malformed section id");
    if (auto decoded = whole_section(id, offset, last_rank); !decoded) {
      return fail(placed(id, std::move(decoded.error())));
    }
  }
  return finish();
}

Result<void> ModuleDecoder::whole_section(uint8_t id, uint64_t offset, uint8_t& last_rank) {
  entry_.reset();
  const uint32_t size = CAIRN_TRY(in_.length());
  const uint64_t end = in_.offset() + size;
  if (id == kCustom) return custom_section(end);
  if (kSections[id].rank <= last_rank) return malformed(offset, "unexpected content after last section");
  last_rank = kSections[id].rank;
  CAIRN_TRY(section(id, end));
  entry_.reset();
  if (in_.offset() != end) return malformed(offset, "section size mismatch");
  return {};
}

Result<void> ModuleDecoder::section(uint8_t id, uint64_t end) {
  switch (id) {
    case kType: return type_section();
    case kImport: return import_section();
    case kFunction: return function_section();
    case kTable: return table_section();
    case kMemory: return memory_section();
    case kGlobal: return global_section();
    case kExport: return export_section();
    case kStart: return start_section();
    case kElement: return element_section();
    case kCode: return code_section();
    case kData: return data_section();
    case kDataCount: return data_count_section();
    case kTag: return tag_section();
    default: return custom_section(end);
  }
}

Error ModuleDecoder::placed(uint8_t id, Error error) const {
  const SectionRow& row = kSections[id];
  error.message.append(", in ");
  if (entry_) {
    error.message.append(row.entry).append(" ").append(decimal(*entry_));
  } else {
    error.message.append(id == kCustom ? "a " : "the ").append(row.name).append(" section");
  }
  return error;
}

Result<void> ModuleDecoder::finish() {
  const uint64_t end = in_.offset();
  if (bodies_ != module_.functions.size() - module_.imported_functions) {
    return malformed(end, "function and code section have inconsistent lengths");
  }
  if (module_.data_count && *module_.data_count != module_.data.size()) {
    return malformed(end, "data count and data section have inconsistent lengths");
  }
  // The custom sections are read last, because hints and names refer to functions.
  for (const CustomSection& section : module_.custom_sections) {
    if (section.name == "name") name_section(section);
    if (section.name == "metadata.code.branch_hint" && features_.has(Feature::branch_hints))
      branch_hint_section(section);
  }
  return {};
}

// --- Helpers.

Result<ConstExpr> ModuleDecoder::const_expr(ValType type) {
  ConstExpr expr;
  if (!const_exprs_.read(in_, type, expr)) return in_.failure();
  return expr;
}

Result<std::string_view> ModuleDecoder::name() {
  const uint64_t offset = in_.offset();
  const uint32_t length = CAIRN_TRY(in_.length());
  CAIRN_TRY(check_limit("name too long", length, limits::kStringSize, offset));
  const auto bytes = CAIRN_TRY(in_.bytes(length));
  if (!is_utf8(bytes)) return malformed(offset, "malformed UTF-8 encoding");
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<FuncIndex> ModuleDecoder::function_index() {
  const uint64_t offset = in_.offset();
  const uint32_t index = CAIRN_TRY(in_.u32());
  if (index >= module_.functions.size()) return invalid(offset, "unknown function " + decimal(index));
  return FuncIndex(index);
}

Result<uint32_t> ModuleDecoder::count(std::string_view what, uint64_t present, uint64_t limit) {
  const uint64_t offset = in_.offset();
  const uint32_t items = CAIRN_TRY(in_.length());
  CAIRN_TRY(check_limit(what, present + items, limit, offset));
  return items;
}

Result<void> ModuleDecoder::check_limit(std::string_view what, uint64_t value, uint64_t limit, uint64_t offset) {
  if (value > limit) return fail(limits::exceeded(offset, what, value, limit));
  return {};
}

Result<void> ModuleDecoder::require(Feature feature, std::string_view what, uint64_t offset) {
  if (!require_feature(in_, features_, feature, offset, what)) return in_.failure();
  return {};
}

std::unexpected<Error> ModuleDecoder::malformed(uint64_t offset, std::string message) {
  return fail(Error::at(ErrorKind::malformed, offset, std::move(message)));
}

std::unexpected<Error> ModuleDecoder::invalid(uint64_t offset, std::string message) {
  return fail(Error::at(ErrorKind::invalid, offset, std::move(message)));
}

// --- The interface.

Result<Module> decode_module(std::vector<std::byte> bytes, Features features) {
  Result<Module> module = run_operation([&]() -> Result<Module> {
    ModuleDecoder decoder(bytes, features);
    if (auto decoded = decoder.decode(); !decoded) return fail(decoder.first_malformed(std::move(decoded.error())));
    return decoder.take();
  });
  if (module) {
    module->digest = blake2b(bytes);
    module->bytes = std::move(bytes);
  }
  return module;
}

Result<Module> decode_and_validate(std::vector<std::byte> bytes, Features features) {
  Module module = CAIRN_TRY(decode_module(std::move(bytes), features));
  CAIRN_TRY(run_operation([&]() -> Result<void> {
    FunctionValidator validator(module);
    NullSink sink;
    for (auto i = module.imported_functions; i < module.functions.size(); ++i) {
      CAIRN_TRY(validator.validate(FuncIndex(i), sink));
    }
    return {};
  }));
  return module;
}

std::string_view Module::function_name(FuncIndex function) const {
  const auto found = std::ranges::lower_bound(names.functions, function.index(), {}, &Names::Entry::index);
  return found != names.functions.end() && found->index == function.index() ? found->name : std::string_view();
}

}  // namespace cairn::wasm

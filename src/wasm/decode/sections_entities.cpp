// Decodes the sections ([wasm 5.5.5] to [wasm 5.5.11], [wasm 5.5.16]) of imports, functions, tables, memories, globals,
// exports, the start function, and tags.
#include <algorithm>
#include <numeric>

#include "base/format.hpp"
#include "wasm/decode/module_decoder.hpp"

namespace cairn::wasm {
namespace {

// Bits of the limits' flags byte ([wasm 5.3.9]).
constexpr uint8_t kHasMaximum = 1;
constexpr uint8_t kShared = 2;
constexpr uint8_t kIs64 = 4;
constexpr uint8_t kCustomPageSize = 8;

}  // namespace

// --- Types of entities.

Result<TypeIndex> ModuleDecoder::function_type() {
  const uint64_t offset = in_.offset();
  const uint32_t index = CAIRN_TRY(in_.u32());
  if (index >= module_.types.size()) return invalid(offset, "unknown type " + decimal(index));
  if (module_.types[index].kind != SubType::Kind::func) return invalid(offset, "non-function type " + decimal(index));
  return TypeIndex(index);
}

Result<TableType> ModuleDecoder::table_type() {
  TableType type;
  if (!read_ref_type(in_, types(), type.element)) return in_.failure();
  const uint64_t offset = in_.offset();
  const uint8_t flags = CAIRN_TRY(in_.u8());
  if ((flags & ~(kHasMaximum | kIs64)) != 0) return malformed(offset, "malformed limits flags");
  if ((flags & kIs64) != 0) {
    CAIRN_TRY(require(Feature::memory64, "a 64-bit table", offset));
    type.address = AddressType::i64;
  }
  type.limits.minimum = CAIRN_TRY(in_.u64());
  if ((flags & kHasMaximum) != 0) type.limits.maximum = CAIRN_TRY(in_.u64());
  if (type.address == AddressType::i32 &&
      std::max(type.limits.minimum, type.limits.maximum.value_or(0)) > 0xffff'ffff) {
    return invalid(offset, "table size must be at most 2^32-1");
  }
  if (type.limits.maximum && *type.limits.maximum < type.limits.minimum) {
    return invalid(offset, "size minimum must not be greater than maximum");
  }
  return type;
}

Result<MemoryType> ModuleDecoder::memory_type() {
  MemoryType type;
  const uint64_t offset = in_.offset();
  const uint8_t flags = CAIRN_TRY(in_.u8());
  if ((flags & ~(kHasMaximum | kShared | kIs64 | kCustomPageSize)) != 0) {
    return malformed(offset, "malformed limits flags");
  }
  if ((flags & kShared) != 0) {
    CAIRN_TRY(require(Feature::threads, "malformed limits flags: a shared memory", offset));
    type.sharedness = Sharedness::shared;
  }
  if ((flags & kIs64) != 0) {
    CAIRN_TRY(require(Feature::memory64, "malformed limits flags: a 64-bit memory", offset));
    type.address = AddressType::i64;
  }
  if ((flags & kCustomPageSize) != 0) {
    CAIRN_TRY(require(Feature::custom_page_sizes, "malformed limits flags: a page size", offset));
  }
  type.limits.minimum = CAIRN_TRY(in_.u64());
  if ((flags & kHasMaximum) != 0) type.limits.maximum = CAIRN_TRY(in_.u64());
  if ((flags & kCustomPageSize) != 0) {
    const uint64_t page_offset = in_.offset();
    const uint32_t log2 = CAIRN_TRY(in_.u32());
    if (log2 >= 64) return malformed(page_offset, "invalid custom page size");
    if (log2 != 0 && log2 != 16) return invalid(page_offset, "invalid custom page size");
    type.page_size_log2 = static_cast<uint8_t>(log2);
  }
  if (type.sharedness == Sharedness::shared && !type.limits.maximum) {
    return invalid(offset, "shared memory must have maximum");
  }
  // A 32-bit memory has at most 2^32 bytes, a 64-bit memory at most 2^64 ([wasm 3.2.15]). The number of pages must also
  // fit an integer of the address type, so a memory with pages of one byte has at most 2^32 - 1 or 2^64 - 1 pages.
  const uint32_t address_bits = type.address == AddressType::i32 ? 32 : 64;
  const uint32_t page_bits = address_bits - type.page_size_log2;
  const uint64_t most = page_bits == 64 ? ~uint64_t{0} : page_bits == 32 ? 0xffff'ffff : uint64_t{1} << page_bits;
  if (std::max(type.limits.minimum, type.limits.maximum.value_or(0)) > most) {
    return invalid(offset, page_bits == 16   ? "memory size must be at most 65536 pages (4GiB)"
                           : page_bits == 32 ? "memory size must be at most 2^32-1 bytes"
                                             : "memory size must be at most 2^48 pages");
  }
  if (type.limits.maximum && *type.limits.maximum < type.limits.minimum) {
    return invalid(offset, "size minimum must not be greater than maximum");
  }
  return type;
}

Result<GlobalType> ModuleDecoder::global_type() {
  GlobalType type;
  if (!read_value_type(in_, types(), type.type)) return in_.failure();
  const uint64_t offset = in_.offset();
  const uint8_t mutability = CAIRN_TRY(in_.u8());
  if (mutability > 1) return malformed(offset, "malformed mutability");
  type.mutability = mutability == 1 ? Mutability::mutable_ : Mutability::immutable;
  return type;
}

Result<TagType> ModuleDecoder::tag_type() {
  const uint64_t offset = in_.offset();
  if (!features_.has(Feature::legacy_exceptions)) CAIRN_TRY(require(Feature::exceptions, "a tag", offset));
  const uint8_t attribute = CAIRN_TRY(in_.u8());
  if (attribute != 0) return malformed(offset, "malformed tag attribute");
  const TypeIndex type = CAIRN_TRY(function_type());
  if (!module_.types[type.index()].func.results.empty()) return invalid(offset, "non-empty tag result type");
  return TagType{type};
}

// --- Entities.

Result<void> ModuleDecoder::add_function(TypeIndex type, bool is_imported, uint64_t offset) {
  CAIRN_TRY(check_limit("too many functions", module_.functions.size() + 1, limits::kFunctions, offset));
  Function function;
  function.type = type;
  function.is_imported = is_imported;
  module_.functions.push_back(function);
  return {};
}

Result<void> ModuleDecoder::add_table(Table table, uint64_t offset) {
  if (!module_.tables.empty()) CAIRN_TRY(require(Feature::reference_types, "multiple tables", offset));
  CAIRN_TRY(check_limit("too many tables", module_.tables.size() + 1, limits::kTables, offset));
  module_.tables.push_back(std::move(table));
  return {};
}

Result<void> ModuleDecoder::add_memory(MemoryType type, bool is_imported, uint64_t offset) {
  if (!module_.memories.empty()) CAIRN_TRY(require(Feature::multi_memory, "multiple memories", offset));
  CAIRN_TRY(check_limit("too many memories", module_.memories.size() + 1, limits::kMemories, offset));
  module_.memories.push_back(Memory{type, is_imported});
  return {};
}

Result<void> ModuleDecoder::add_global(Global global, uint64_t offset) {
  CAIRN_TRY(check_limit("too many globals", module_.globals.size() + 1, limits::kGlobals, offset));
  module_.globals.push_back(std::move(global));
  return {};
}

Result<void> ModuleDecoder::add_tag(TagType type, bool is_imported, uint64_t offset) {
  CAIRN_TRY(check_limit("too many tags", module_.tags.size() + 1, limits::kTags, offset));
  module_.tags.push_back(Tag{type, is_imported});
  return {};
}

// --- Sections.

Result<void> ModuleDecoder::import_section() {
  const uint32_t imports = CAIRN_TRY(count("too many imports", 0, limits::kImports));
  for (uint32_t i = 0; i < imports; ++i) {
    entry_ = i;
    Import import;
    import.module = CAIRN_TRY(name());
    import.name = CAIRN_TRY(name());
    const uint64_t offset = in_.offset();
    const uint8_t kind = CAIRN_TRY(in_.u8());
    // The proposal compact-import-section has these two codes in place of a kind ([wasm 5.5.5] has neither).
    if (import.name.empty() && (kind == 0x7f || kind == 0x7e)) {
      return malformed(offset, "malformed import kind: the proposal compact-import-section is not supported");
    }
    if (kind > static_cast<uint8_t>(ExternKind::tag)) return malformed(offset, "malformed import kind");
    import.kind = static_cast<ExternKind>(kind);
    switch (import.kind) {
      case ExternKind::func:
        import.index = module_.imported_functions++;
        CAIRN_TRY(add_function(CAIRN_TRY(function_type()), true, offset));
        break;
      case ExternKind::table:
        import.index = module_.imported_tables++;
        CAIRN_TRY(add_table(Table{CAIRN_TRY(table_type()), true, std::nullopt}, offset));
        break;
      case ExternKind::memory:
        import.index = module_.imported_memories++;
        CAIRN_TRY(add_memory(CAIRN_TRY(memory_type()), true, offset));
        break;
      case ExternKind::global: {
        import.index = module_.imported_globals++;
        const GlobalType type = CAIRN_TRY(global_type());
        if (type.mutability == Mutability::mutable_) {
          CAIRN_TRY(require(Feature::mutable_globals, "an imported mutable global", offset));
        }
        CAIRN_TRY(add_global(Global{type, true, {}}, offset));
        break;
      }
      case ExternKind::tag:
        import.index = module_.imported_tags++;
        CAIRN_TRY(add_tag(CAIRN_TRY(tag_type()), true, offset));
        break;
    }
    module_.imports.push_back(std::move(import));
  }
  return {};
}

Result<void> ModuleDecoder::function_section() {
  const uint32_t functions = CAIRN_TRY(count("too many functions", module_.functions.size(), limits::kFunctions));
  module_.functions.reserve(module_.functions.size() + functions);
  for (uint32_t i = 0; i < functions; ++i) {
    entry_ = static_cast<uint32_t>(module_.functions.size());
    const uint64_t offset = in_.offset();
    CAIRN_TRY(add_function(CAIRN_TRY(function_type()), false, offset));
  }
  return {};
}

Result<void> ModuleDecoder::table_section() {
  const uint32_t tables = CAIRN_TRY(count("too many tables", module_.tables.size(), limits::kTables));
  for (uint32_t i = 0; i < tables; ++i) {
    entry_ = static_cast<uint32_t>(module_.tables.size());
    const uint64_t offset = in_.offset();
    uint8_t byte = 0;
    // 0x40 0x00 begins a table with an initializer ([wasm 5.5.7]).
    const bool has_initializer = in_.peek_u8(byte) && byte == 0x40;
    if (has_initializer) {
      CAIRN_TRY(require(Feature::function_references, "a table with an initializer", offset));
      CAIRN_TRY(in_.u8());
      if (CAIRN_TRY(in_.u8()) != 0) return malformed(offset + 1, "malformed table");
    }
    Table table;
    table.type = CAIRN_TRY(table_type());
    if (has_initializer) {
      table.initializer = CAIRN_TRY(const_expr(table.type.element));
    } else if (!table.type.element.is_defaultable()) {
      return invalid(offset, "type mismatch: a table of " + to_string(table.type.element) + " needs an initializer");
    }
    CAIRN_TRY(add_table(std::move(table), offset));
  }
  return {};
}

Result<void> ModuleDecoder::memory_section() {
  const uint32_t memories = CAIRN_TRY(count("too many memories", module_.memories.size(), limits::kMemories));
  for (uint32_t i = 0; i < memories; ++i) {
    entry_ = static_cast<uint32_t>(module_.memories.size());
    const uint64_t offset = in_.offset();
    CAIRN_TRY(add_memory(CAIRN_TRY(memory_type()), false, offset));
  }
  return {};
}

Result<void> ModuleDecoder::global_section() {
  const uint32_t globals = CAIRN_TRY(count("too many globals", module_.globals.size(), limits::kGlobals));
  for (uint32_t i = 0; i < globals; ++i) {
    entry_ = static_cast<uint32_t>(module_.globals.size());
    const uint64_t offset = in_.offset();
    Global global;
    global.type = CAIRN_TRY(global_type());
    global.initializer = CAIRN_TRY(const_expr(global.type.type));
    CAIRN_TRY(add_global(std::move(global), offset));
  }
  return {};
}

Result<void> ModuleDecoder::tag_section() {
  const uint32_t tags = CAIRN_TRY(count("too many tags", module_.tags.size(), limits::kTags));
  for (uint32_t i = 0; i < tags; ++i) {
    entry_ = static_cast<uint32_t>(module_.tags.size());
    const uint64_t offset = in_.offset();
    CAIRN_TRY(add_tag(CAIRN_TRY(tag_type()), false, offset));
  }
  return {};
}

Result<void> ModuleDecoder::export_section() {
  const uint32_t exports = CAIRN_TRY(count("too many exports", 0, limits::kExports));
  std::vector<uint64_t> offsets;
  for (uint32_t i = 0; i < exports; ++i) {
    entry_ = i;
    Export item;
    offsets.push_back(in_.offset());
    item.name = CAIRN_TRY(name());
    const uint64_t offset = in_.offset();
    const uint8_t kind = CAIRN_TRY(in_.u8());
    if (kind > static_cast<uint8_t>(ExternKind::tag)) return malformed(offset, "malformed export kind");
    item.kind = static_cast<ExternKind>(kind);
    item.index = CAIRN_TRY(in_.u32());
    CAIRN_TRY(check_exported(item, offset));
    module_.exports.push_back(std::move(item));
  }
  return check_export_names(offsets);
}

Result<void> ModuleDecoder::check_exported(const Export& item, uint64_t offset) {
  size_t size = 0;
  switch (item.kind) {
    case ExternKind::func: size = module_.functions.size(); break;
    case ExternKind::table: size = module_.tables.size(); break;
    case ExternKind::memory: size = module_.memories.size(); break;
    case ExternKind::global: size = module_.globals.size(); break;
    case ExternKind::tag: size = module_.tags.size(); break;
  }
  if (item.index >= size) {
    return invalid(offset, std::string("unknown ") + to_string(item.kind) + " " + decimal(item.index));
  }
  if (item.kind == ExternKind::func) module_.functions[item.index].is_escaped = true;
  if (item.kind == ExternKind::global && module_.globals[item.index].type.mutability == Mutability::mutable_) {
    CAIRN_TRY(require(Feature::mutable_globals, "an exported mutable global", offset));
  }
  return {};
}

Result<void> ModuleDecoder::check_export_names(const std::vector<uint64_t>& offsets) {
  // The names are sorted rather than hashed, so that no choice of names makes this slow.
  std::vector<uint32_t> order(module_.exports.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto name_of = [this](uint32_t i) -> std::string_view { return module_.exports[i].name; };
  std::ranges::sort(order, {}, name_of);
  const auto twin = std::ranges::adjacent_find(order, {}, name_of);
  if (twin == order.end()) return {};
  entry_ = std::max(twin[0], twin[1]);
  return invalid(offsets[*entry_], "duplicate export name \"" + module_.exports[*twin].name + "\"");
}

Result<void> ModuleDecoder::start_section() {
  const uint64_t offset = in_.offset();
  const FuncIndex function = CAIRN_TRY(function_index());
  const FuncType& type = module_.func_type(function);
  if (!type.params.empty() || !type.results.empty()) {
    return invalid(offset, "start function has the type " + to_string(type));
  }
  module_.start = function;
  return {};
}

}  // namespace cairn::wasm

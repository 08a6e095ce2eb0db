#include "compiler/codegen/object/object_reader.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/assert.hpp"
#include "base/operation.hpp"
#include "compiler/codegen/object/elf.hpp"

namespace cairn::codegen {
namespace {

using Bytes = std::span<const std::byte>;

std::unexpected<Error> broken(const char* what) {
  return fail(Error::of(ErrorKind::malformed, std::string("code object: ") + what));
}

// Each of the next three functions returns nullopt if its result would not lie within the bytes.

std::optional<Bytes> slice(Bytes bytes, uint64_t offset, uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.subspan(offset, size);
}

template <class T>
std::optional<T> read(Bytes bytes, uint64_t offset) {
  const std::optional<Bytes> part = slice(bytes, offset, sizeof(T));
  if (!part) return std::nullopt;
  T value;
  std::memcpy(&value, part->data(), sizeof(T));
  return value;
}

std::optional<std::string_view> string_at(Bytes strings, uint64_t offset) {
  if (offset >= strings.size()) return std::nullopt;
  const char* begin = reinterpret_cast<const char*>(strings.data()) + offset;
  const void* end = std::memchr(begin, 0, strings.size() - offset);
  if (end == nullptr) return std::nullopt;
  return std::string_view(begin, static_cast<size_t>(static_cast<const char*>(end) - begin));
}

// Parses "type_id[N]".
std::optional<uint32_t> type_index_of(std::string_view name) {
  constexpr std::string_view kPrefix = "type_id[";
  if (!name.starts_with(kPrefix) || !name.ends_with(']')) return std::nullopt;
  name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - 1);
  if (name.empty() || name.size() > 9) return std::nullopt;
  uint32_t value = 0;
  for (char c : name) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  return value;
}

class Reader {
 public:
  explicit Reader(Bytes object) : object_(object) {}

  Result<ObjectContents> run() {
    CAIRN_TRY(find_sections());
    contents_.text = text_;
    contents_.rodata = rodata_;
    contents_.rodata_offset = (text_.size() + 63) & ~uint64_t{63};
    if (text_.size() > 0x7fff'ffff || rodata_.size() > 0x7fff'ffff) return broken("too large");
    if (!copy(functions_, contents_.functions) || !copy(traps_, contents_.traps) || !copy(calls_, contents_.calls) ||
        !copy(stack_maps_, contents_.stack_maps) || !copy(stack_offsets_, contents_.stack_offsets) ||
        !copy(handlers_, contents_.handlers) || !copy(trampolines_, contents_.trampolines))
      return broken("a table's size is not a multiple of its records'");
    if (identity_.size() != sizeof(ObjectIdentity)) return broken("the identity is of another size");
    std::memcpy(&contents_.identity, identity_.data(), sizeof(ObjectIdentity));
    CAIRN_TRY(check_records());
    CAIRN_TRY(read_relocations());
    return std::move(contents_);
  }

 private:
  Result<void> find_sections() {
    const std::optional<elf::Header> header = read<elf::Header>(object_, 0);
    if (!header) return broken("too short");
    if (std::memcmp(header->ident, elf::kMagic, 4) != 0) return broken("not an ELF file");
    if (header->ident[4] != elf::kClass64 || header->ident[5] != elf::kLittleEndian ||
        header->ident[6] != elf::kCurrentVersion || header->ident[7] != elf::kStandalone ||
        header->type != elf::kRelocatable || header->section_header_size != sizeof(elf::Section))
      return broken("not of the expected kind");
    if (header->machine == elf::kX86_64) {
      contents_.architecture = compiler::Architecture::x86_64;
    } else if (header->machine == elf::kRiscV) {
      contents_.architecture = compiler::Architecture::riscv64;
    } else {
      return broken("for an unknown machine");
    }
    std::vector<elf::Section> sections;
    for (uint32_t i = 0; i < header->section_header_count; ++i) {
      // The offset of the section headers may have any value. This check keeps the sum below from overflowing.
      if (header->section_headers > object_.size()) return broken("section headers out of range");
      const auto section = read<elf::Section>(object_, header->section_headers + uint64_t{i} * sizeof(elf::Section));
      if (!section) return broken("section headers out of range");
      sections.push_back(*section);
    }
    if (header->section_names >= sections.size()) return broken("no section names");
    const elf::Section& names_section = sections[header->section_names];
    const std::optional<Bytes> names = slice(object_, names_section.offset, names_section.size);
    if (!names) return broken("section names out of range");
    uint32_t seen = 0;  // a bit for each of the 13 sections of `known` below
    for (size_t i = 1; i < sections.size(); ++i) {
      const std::optional<std::string_view> name = string_at(*names, sections[i].name);
      if (!name) return broken("a section's name is out of range");
      const std::optional<Bytes> bytes = slice(object_, sections[i].offset, sections[i].size);
      if (!bytes) return broken("a section is out of range");
      const struct {
        std::string_view name;
        Bytes* target;
      } known[] = {{".text", &text_},
                   {".rodata", &rodata_},
                   {".cairn.functions", &functions_},
                   {".cairn.traps", &traps_},
                   {".cairn.stackmaps", &stack_maps_},
                   {".cairn.stackslots", &stack_offsets_},
                   {".cairn.calls", &calls_},
                   {".cairn.handlers", &handlers_},
                   {".cairn.trampolines", &trampolines_},
                   {".cairn.identity", &identity_},
                   {".symtab", &symbols_},
                   {".strtab", &strings_},
                   {".rela.text", &relocations_}};
      for (uint32_t k = 0; k < std::size(known); ++k) {
        if (*name != known[k].name) continue;
        if ((seen >> k & 1) != 0) return broken("a section is there twice");
        seen |= uint32_t{1} << k;
        *known[k].target = *bytes;
      }
    }
    if (seen != 0x1fff) return broken("a section is missing");
    return {};
  }

  template <class T>
  static bool copy(Bytes bytes, std::vector<T>& out) {
    if (bytes.size() % sizeof(T) != 0) return false;
    out.resize(bytes.size() / sizeof(T));
    if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return true;
  }

  Result<void> check_records() {
    const uint64_t size = text_.size();
    uint64_t last = 0;
    for (const FunctionRecord& f : contents_.functions) {
      if (f.begin < last || f.end < f.begin || f.end > size) return broken("functions overlap or are out of range");
      if (f.body_begin < f.begin || f.body_begin > f.end || f.frame_begin < f.begin || f.frame_begin > f.body_begin)
        return broken("a function's prologue is out of range");
      if (f.frame_bytes % 8 != 0 || f.argument_bytes % 16 != 0 || f.saved_offset > f.frame_bytes)
        return broken("a function's frame makes no sense");
      last = f.end;
    }
    const auto sorted = [&](const auto& records, auto member) {
      for (size_t i = 0; i < records.size(); ++i) {
        if (records[i].*member > size) return false;
        if (i > 0 && records[i].*member < records[i - 1].*member) return false;
      }
      return true;
    };
    if (!sorted(contents_.traps, &TrapRecord::code_offset)) return broken("traps are not sorted or out of range");
    if (!sorted(contents_.calls, &CallRecord::return_offset)) return broken("calls are not sorted or out of range");
    if (!sorted(contents_.stack_maps, &StackMapRecord::return_offset))
      return broken("stack maps are not sorted or out of range");
    size_t in_function = 0;
    for (const StackMapRecord& map : contents_.stack_maps) {
      if (map.first > contents_.stack_offsets.size() || map.count > contents_.stack_offsets.size() - map.first)
        return broken("a stack map is out of range");
      while (in_function < contents_.functions.size() && contents_.functions[in_function].end < map.return_offset)
        ++in_function;
      if (in_function == contents_.functions.size() || map.return_offset <= contents_.functions[in_function].begin)
        return broken("a stack map is in no function");
      const int64_t frame = contents_.functions[in_function].frame_bytes;
      // A negative offset is a register that the stub of a `keep` builtin saved below the caller's frame: at most 32
      // registers of 8 bytes.
      constexpr int64_t kSavedRegisters = 8 * 32;
      for (uint32_t i = 0; i < map.count; ++i) {
        const int64_t offset = contents_.stack_offsets[map.first + i];
        if (offset % 8 != 0 || offset >= frame || offset < -kSavedRegisters)
          return broken("a stack map leaves its frame");
      }
    }
    if (!sorted(contents_.handlers, &HandlerRecord::return_offset))
      return broken("handlers are not sorted or out of range");
    for (const HandlerRecord& h : contents_.handlers)
      if (h.landing_offset >= size) return broken("a handler is out of range");
    for (const TrampolineRecord& t : contents_.trampolines)
      if (t.entry_offset >= size || t.host_offset >= size) return broken("a trampoline is out of range");
    return {};
  }

  Result<void> read_relocations() {
    if (relocations_.size() % sizeof(elf::Rela) != 0) return broken("relocations are cut off");
    const bool x86 = contents_.architecture == compiler::Architecture::x86_64;
    for (uint64_t at = 0; at < relocations_.size(); at += sizeof(elf::Rela)) {
      const elf::Rela rela = *read<elf::Rela>(relocations_, at);
      const uint64_t symbol_index = rela.info >> 32;
      const uint32_t type = static_cast<uint32_t>(rela.info);
      TypeReference reference;
      if (x86 && type == elf::kRelocationX86Abs32) {
        reference.form = TypeReference::Form::x86_64_32;
      } else if (!x86 && type == elf::kRelocationRiscVHi20) {
        reference.form = TypeReference::Form::riscv_hi20;
      } else if (!x86 && type == elf::kRelocationRiscVLo12I) {
        reference.form = TypeReference::Form::riscv_lo12;
      } else {
        return broken("a relocation is of an unknown kind");
      }
      if (rela.offset > text_.size() || text_.size() - rela.offset < 4) return broken("a relocation is out of range");
      if (rela.addend != 0) return broken("a relocation has an addend");
      const std::optional<elf::Symbol> symbol = read<elf::Symbol>(symbols_, symbol_index * sizeof(elf::Symbol));
      if (!symbol) return broken("a relocation's symbol is out of range");
      const std::optional<std::string_view> name = string_at(strings_, symbol->name);
      const std::optional<uint32_t> index = name ? type_index_of(*name) : std::nullopt;
      if (!index) return broken("a relocation's symbol is not a type's");
      reference.offset = static_cast<uint32_t>(rela.offset);
      reference.type_index = *index;
      contents_.type_references.push_back(reference);
    }
    return {};
  }

  Bytes object_;
  ObjectContents contents_;
  Bytes text_, rodata_, functions_, traps_, calls_, stack_maps_, stack_offsets_, handlers_, trampolines_, identity_,
      symbols_, strings_, relocations_;
};

}  // namespace

Result<ObjectContents> read_object(std::span<const std::byte> object) {
  return run_operation([&] { return Reader(object).run(); });
}

void resolve_type_reference(std::span<std::byte> text, const TypeReference& reference, uint32_t type_id) {
  CAIRN_ASSERT(reference.offset <= text.size() && text.size() - reference.offset >= 4);
  uint32_t word = 0;
  std::memcpy(&word, text.data() + reference.offset, 4);
  switch (reference.form) {
    case TypeReference::Form::x86_64_32: word = type_id; break;
    case TypeReference::Form::riscv_hi20: word = (word & 0xfff) | ((type_id + 0x800) & 0xffff'f000); break;
    case TypeReference::Form::riscv_lo12: word = (word & 0xf'ffff) | type_id << 20; break;
  }
  std::memcpy(text.data() + reference.offset, &word, 4);
}

}  // namespace cairn::codegen

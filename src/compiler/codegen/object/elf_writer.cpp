#include "compiler/codegen/object/elf_writer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.hpp"
#include "base/format.hpp"
#include "compiler/codegen/object/elf.hpp"

namespace cairn::codegen {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint64_t kMissing = ~uint64_t{0};  // in begin_of_: there is no code for the function
// The largest size of text and rodata together. Displacements are signed and have 32 bits; the slack of 64 KiB covers
// addends and the lengths of instructions.
constexpr uint64_t kMaxReach = (uint64_t{1} << 31) - (1 << 16);

template <class T>
void append_object(std::vector<std::byte>& out, const T& object) {
  const auto bytes = std::as_bytes(std::span(&object, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void align_to(std::vector<std::byte>& out, size_t alignment, std::byte fill = std::byte{0}) {
  while (out.size() % alignment != 0) out.push_back(fill);
}

}  // namespace

uint32_t ElfWriter::add_string(std::string_view text) {
  const uint32_t at = static_cast<uint32_t>(strings_.size());
  strings_.append(text);
  strings_.push_back('\0');
  return at;
}

uint32_t ElfWriter::add(uint32_t function_index, std::string_view name, const CodeBuffer& code) {
  // Bytes between functions are never executed. They are int3 on x86-64, and zeros, an illegal instruction, on RISC-V.
  align_to(text_, 16, architecture_ == compiler::Architecture::x86_64 ? std::byte{0xcc} : std::byte{0});
  const uint32_t begin = static_cast<uint32_t>(text_.size());
  text_.insert(text_.end(), code.bytes.begin(), code.bytes.end());
  uint64_t rodata_begin = 0;
  if (!code.rodata.empty()) {
    align_to(rodata_, 16);
    rodata_begin = rodata_.size();
    rodata_.insert(rodata_.end(), code.rodata.begin(), code.rodata.end());
  }

  FunctionRecord record;
  record.begin = begin;
  record.end = static_cast<uint32_t>(text_.size());
  record.function_index = function_index;
  record.frame_bytes = code.frame_bytes;
  record.argument_bytes = code.argument_bytes;
  record.body_begin = begin + code.body_begin;
  record.saved_registers = code.saved_registers;
  record.saved_offset = code.saved_offset;
  record.flags = code.flags | (code.handlers.empty() ? 0 : kHasHandlers);
  record.frame_begin = begin + code.frame_begin;
  functions_.push_back(record);
  symbols_.push_back({add_string(name), begin, record.end - begin});
  if (function_index != kTrampoline) {
    if (function_index >= begin_of_.size()) begin_of_.resize(size_t{function_index} + 1, kMissing);
    begin_of_[function_index] = begin;
  }

  const auto first_trap = static_cast<ptrdiff_t>(traps_.size());
  for (const TrapSite& trap : code.traps)
    traps_.push_back({begin + trap.offset, trap.wasm_offset, static_cast<uint32_t>(trap.kind)});
  std::sort(traps_.begin() + first_trap, traps_.end(),
            [](const TrapRecord& a, const TrapRecord& b) { return a.code_offset < b.code_offset; });
  const auto first_call = static_cast<ptrdiff_t>(calls_.size());
  for (const CallSite& call : code.calls)
    calls_.push_back({begin + call.return_offset, call.wasm_offset, call.argument_bytes});
  std::sort(calls_.begin() + first_call, calls_.end(),
            [](const CallRecord& a, const CallRecord& b) { return a.return_offset < b.return_offset; });

  const auto first_map = static_cast<ptrdiff_t>(stack_maps_.size());
  const auto first_offset = static_cast<uint32_t>(stack_offsets_.size());
  for (const CallSite& call : code.calls)
    if (call.reference_count != 0)
      stack_maps_.push_back({begin + call.return_offset, first_offset + call.first_reference, call.reference_count});
  std::sort(stack_maps_.begin() + first_map, stack_maps_.end(),
            [](const StackMapRecord& a, const StackMapRecord& b) { return a.return_offset < b.return_offset; });
  stack_offsets_.insert(stack_offsets_.end(), code.stack_offsets.begin(), code.stack_offsets.end());
  const auto first_handler = static_cast<ptrdiff_t>(handlers_.size());
  for (const HandlerSite& handler : code.handlers)
    handlers_.push_back({begin + handler.return_offset, begin + handler.landing_offset});
  std::sort(handlers_.begin() + first_handler, handlers_.end(),
            [](const HandlerRecord& a, const HandlerRecord& b) { return a.return_offset < b.return_offset; });

  for (const Relocation& r : code.relocations) {
    switch (r.kind) {
      case RelocationKind::call: pending_.push_back({r.kind, begin + r.offset, r.target, r.addend}); break;
      case RelocationKind::rodata:
        pending_.push_back({r.kind, begin + r.offset, rodata_begin + r.target, r.addend});
        break;
      case RelocationKind::code_address:
        pending_.push_back({r.kind, rodata_begin + r.offset, uint64_t{begin} + r.target, r.addend});
        break;
      case RelocationKind::type_id: type_references_.push_back({begin + r.offset, r.target}); break;
    }
  }
  return begin;
}

void ElfWriter::patch32(std::vector<std::byte>& bytes, uint64_t at, uint32_t value) {
  CAIRN_ASSERT(at + 4 <= bytes.size());
  std::memcpy(bytes.data() + at, &value, 4);
}

// Puts a pc-relative displacement into an auipc and the instruction after it, which has a 12-bit immediate in its upper
// bits. The immediates of both are zero before.
void ElfWriter::patch_pair(uint64_t at, int64_t value) {
  CAIRN_ASSERT(at + 8 <= text_.size());
  uint32_t upper = 0, lower = 0;
  std::memcpy(&upper, text_.data() + at, 4);
  std::memcpy(&lower, text_.data() + at + 4, 4);
  const uint32_t bits = static_cast<uint32_t>(value);
  patch32(text_, at, upper | ((bits + 0x800) & 0xffff'f000));
  patch32(text_, at + 4, lower | bits << 20);
}

Result<void> ElfWriter::resolve(uint64_t rodata_begin) {
  if (rodata_begin + rodata_.size() > kMaxReach)
    return fail(Error::of(ErrorKind::limit, "the module's code exceeds 2 GiB"));
  for (const Pending& p : pending_) {
    if (p.kind == RelocationKind::code_address) {
      const int64_t value = static_cast<int64_t>(p.target) + p.addend - static_cast<int64_t>(rodata_begin + p.at);
      patch32(rodata_, p.at, static_cast<uint32_t>(value));
      continue;
    }
    uint64_t target = rodata_begin + p.target;
    if (p.kind == RelocationKind::call) {
      CAIRN_ASSERT(p.target < begin_of_.size() && begin_of_[p.target] != kMissing);
      target = begin_of_[p.target];
    }
    const int64_t value = static_cast<int64_t>(target) + p.addend - static_cast<int64_t>(p.at);
    if (architecture_ == compiler::Architecture::x86_64) {
      patch32(text_, p.at, static_cast<uint32_t>(value));
    } else {
      patch_pair(p.at, value);
    }
  }
  return {};
}

Result<std::vector<std::byte>> ElfWriter::finish() {
  const uint64_t rodata_begin = (text_.size() + 63) & ~uint64_t{63};
  CAIRN_TRY(resolve(rodata_begin));
  const bool x86 = architecture_ == compiler::Architecture::x86_64;

  // The symbols are the functions, and then the types that are referred to, which the loader resolves.
  std::vector<elf::Symbol> symbols(1);
  for (const Symbol& s : symbols_)
    symbols.push_back({s.name, elf::kLocal << 4 | elf::kFunction, 0, 1, s.begin, s.size});  // section 1 is .text
  const uint32_t local_count = static_cast<uint32_t>(symbols.size());
  std::vector<uint32_t> types;
  for (const TypeReference& r : type_references_) types.push_back(r.type_index);
  std::ranges::sort(types);
  types.erase(std::ranges::unique(types).begin(), types.end());
  for (uint32_t type : types)
    symbols.push_back({add_string("type_id[" + decimal(type) + "]"), elf::kGlobal << 4 | elf::kNoType, 0, 0, 0, 0});
  std::vector<elf::Rela> relas;
  for (const TypeReference& r : type_references_) {
    const uint64_t symbol =
        local_count + static_cast<uint64_t>(std::ranges::lower_bound(types, r.type_index) - types.begin());
    if (x86) {
      relas.push_back({r.at, symbol << 32 | elf::kRelocationX86Abs32, 0});
    } else {
      relas.push_back({r.at, symbol << 32 | elf::kRelocationRiscVHi20, 0});
      relas.push_back({uint64_t{r.at} + 4, symbol << 32 | elf::kRelocationRiscVLo12I, 0});
    }
  }

  std::vector<std::byte> out(sizeof(elf::Header));
  std::vector<elf::Section> sections(1);
  std::string names(1, '\0');
  auto add_section = [&](std::string_view name, uint32_t type, uint64_t flags, uint64_t alignment, auto span,
                         uint64_t entry_size = 0, uint32_t link = 0, uint32_t info = 0) {
    align_to(out, alignment);
    const auto bytes = std::as_bytes(span);
    sections.push_back({static_cast<uint32_t>(names.size()), type, flags, 0, out.size(), bytes.size(), link, info,
                        alignment, entry_size});
    names.append(name);
    names.push_back('\0');
    out.insert(out.end(), bytes.begin(), bytes.end());
  };
  constexpr uint32_t kSymbolSection = 11, kStringSection = 12;  // numbers of .symtab and .strtab in `sections`
  // The last 2048 bytes are for the headers, the names of sections, and padding.
  out.reserve(text_.size() + rodata_.size() + functions_.size() * sizeof(FunctionRecord) +
              traps_.size() * sizeof(TrapRecord) + calls_.size() * sizeof(CallRecord) +
              stack_maps_.size() * sizeof(StackMapRecord) + stack_offsets_.size() * sizeof(uint32_t) +
              handlers_.size() * sizeof(HandlerRecord) + symbols.size() * sizeof(elf::Symbol) + strings_.size() +
              relas.size() * sizeof(elf::Rela) + 2048);
  add_section(".text", elf::kProgBits, elf::kAlloc | elf::kExecInstr, 64, std::span(text_));
  add_section(".rodata", elf::kProgBits, elf::kAlloc, 64, std::span(rodata_));
  add_section(".cairn.functions", elf::kProgBits, 0, 8, std::span(functions_), sizeof(FunctionRecord));
  add_section(".cairn.traps", elf::kProgBits, 0, 8, std::span(traps_), sizeof(TrapRecord));
  add_section(".cairn.calls", elf::kProgBits, 0, 8, std::span(calls_), sizeof(CallRecord));
  add_section(".cairn.stackmaps", elf::kProgBits, 0, 8, std::span(stack_maps_), sizeof(StackMapRecord));
  add_section(".cairn.stackslots", elf::kProgBits, 0, 8, std::span(stack_offsets_), sizeof(uint32_t));
  add_section(".cairn.handlers", elf::kProgBits, 0, 8, std::span(handlers_), sizeof(HandlerRecord));
  add_section(".cairn.trampolines", elf::kProgBits, 0, 8, std::span(trampolines_), sizeof(TrampolineRecord));
  add_section(".cairn.identity", elf::kProgBits, 0, 8, std::span(&identity_, 1), sizeof(ObjectIdentity));
  CAIRN_ASSERT(sections.size() == kSymbolSection);
  add_section(".symtab", elf::kSymTab, 0, 8, std::span(symbols), sizeof(elf::Symbol), kStringSection, local_count);
  add_section(".strtab", elf::kStrTab, 0, 1, std::span(strings_));
  add_section(".rela.text", elf::kRelaSection, elf::kInfoLink, 8, std::span(relas), sizeof(elf::Rela), kSymbolSection,
              1);
  // The section of the section names contains its own name too.
  const std::string all_names = names + std::string(".shstrtab") + '\0';
  add_section(".shstrtab", elf::kStrTab, 0, 1, std::span(all_names));

  align_to(out, 8);
  elf::Header header{};
  std::memcpy(header.ident, elf::kMagic, 4);
  header.ident[4] = elf::kClass64;
  header.ident[5] = elf::kLittleEndian;
  header.ident[6] = elf::kCurrentVersion;
  header.ident[7] = elf::kStandalone;
  header.type = elf::kRelocatable;
  header.machine = x86 ? elf::kX86_64 : elf::kRiscV;
  header.version = elf::kCurrentVersion;
  header.section_headers = out.size();
  header.flags = x86 ? 0 : elf::kRiscVRvc | elf::kRiscVDoubleFloat;
  header.header_size = sizeof(elf::Header);
  header.section_header_size = sizeof(elf::Section);
  header.section_header_count = static_cast<uint16_t>(sections.size());
  header.section_names = static_cast<uint16_t>(sections.size() - 1);
  std::memcpy(out.data(), &header, sizeof header);
  for (const elf::Section& section : sections) append_object(out, section);
  return out;
}

}  // namespace cairn::codegen

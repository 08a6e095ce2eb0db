// The parts of ELF64 that code objects use ([elf]). They are little-endian. The members of the structs are in the order
// of the specification, which has them under shorter names (`e_shoff` is Header::section_headers).
#pragma once

#include <cstdint>

namespace cairn::codegen::elf {

struct Header {
  uint8_t ident[16];
  uint16_t type;
  uint16_t machine;
  uint32_t version;
  uint64_t entry;
  uint64_t program_headers;
  uint64_t section_headers;
  uint32_t flags;
  uint16_t header_size;
  uint16_t program_header_size;
  uint16_t program_header_count;
  uint16_t section_header_size;
  uint16_t section_header_count;
  uint16_t section_names;
};
static_assert(sizeof(Header) == 64);

struct Section {
  uint32_t name;
  uint32_t type;
  uint64_t flags;
  uint64_t address;
  uint64_t offset;
  uint64_t size;
  uint32_t link;
  uint32_t info;
  uint64_t alignment;
  uint64_t entry_size;
};
static_assert(sizeof(Section) == 64);

struct Symbol {
  uint32_t name;
  uint8_t info;
  uint8_t other;
  uint16_t section;
  uint64_t value;
  uint64_t size;
};
static_assert(sizeof(Symbol) == 24);

struct Rela {
  uint64_t offset;
  uint64_t info;
  int64_t addend;
};
static_assert(sizeof(Rela) == 24);

// Header::ident: the first four bytes, and then the class, the byte order, the version and the ABI.
inline constexpr uint8_t kMagic[4] = {0x7f, 'E', 'L', 'F'};
inline constexpr uint8_t kClass64 = 2, kLittleEndian = 1, kCurrentVersion = 1, kStandalone = 255;
inline constexpr uint16_t kRelocatable = 1;                      // Header::type
inline constexpr uint16_t kX86_64 = 62, kRiscV = 243;            // Header::machine
inline constexpr uint32_t kRiscVRvc = 1, kRiscVDoubleFloat = 4;  // Header::flags

inline constexpr uint32_t kProgBits = 1, kSymTab = 2, kStrTab = 3, kRelaSection = 4;  // Section::type
inline constexpr uint64_t kAlloc = 2, kExecInstr = 4, kInfoLink = 0x40;               // Section::flags

inline constexpr uint8_t kLocal = 0, kGlobal = 1;     // symbol bindings, in the upper half of Symbol::info
inline constexpr uint8_t kNoType = 0, kFunction = 2;  // symbol types, in the lower half of Symbol::info

// Relocation types, in the lower half of Rela::info. The upper half is the index of the symbol.
inline constexpr uint32_t kRelocationX86Abs32 = 10, kRelocationRiscVHi20 = 26, kRelocationRiscVLo12I = 27;

}  // namespace cairn::codegen::elf

// Writes modules in the binary format, for tests of modules whose size or shape is impractical as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "wasm/text/byte_writer.hpp"

namespace cairn::wasm::testing {

using text::ByteWriter;

enum SectionId : uint32_t {
  kCustom,
  kType,
  kImport,
  kFunction,
  kTable,
  kMemory,
  kGlobal,
  kExport,
  kStart,
  kElem,
  kCode,
  kData,
  kDataCount,
  kTag,
};

// Returns the bytes of a literal, zero bytes included, without the zero at its end.
template <size_t size>
constexpr std::string_view raw(const char (&literal)[size]) {
  return {literal, size - 1};
}

class ModuleWriter {
 public:
  ModuleWriter() { out_.append(raw("\0asm\1\0\0\0")); }

  // Appends a section whose contents write(out) appends to `out`.
  ModuleWriter& section(uint32_t id, const std::function<void(ByteWriter&)>& write) {
    ByteWriter contents;
    write(contents);
    out_.section(id, contents.bytes());
    return *this;
  }

  // Appends a section with a vector of `count` items, each written by write(out, i).
  template <class Write>
    requires std::invocable<Write, ByteWriter&, uint32_t>
  ModuleWriter& items(uint32_t id, uint64_t count, Write write) {
    return section(id, [&](ByteWriter& out) {
      out.unsigned_leb(count);
      for (uint64_t i = 0; i < count; ++i) write(out, static_cast<uint32_t>(i));
    });
  }
  // Appends a section with `count` equal items.
  ModuleWriter& items(uint32_t id, uint64_t count, std::string_view item) {
    return items(id, count, [&](ByteWriter& out, uint32_t) { out.append(item); });
  }

  // body() appends a code section with one body, bodies() one with `count` equal bodies. `body` begins with the local
  // declarations and includes the final `end`.
  ModuleWriter& body(const ByteWriter& body) { return bodies(1, body); }
  ModuleWriter& bodies(uint64_t count, const ByteWriter& body) {
    return items(kCode, count, [&](ByteWriter& out, uint32_t) { out.sized(body.bytes()); });
  }

  // Appends type 0, [] -> [], and a function of that type.
  ModuleWriter& function(const ByteWriter& code) {
    return items(kType, 1, raw("\x60\0\0")).items(kFunction, 1, raw("\0")).body(code);
  }

  std::vector<std::byte> take() { return out_.take(); }

 private:
  ByteWriter out_;
};

// Returns `before`, `count` times `item`, and `after`.
inline ByteWriter repeated(std::string_view before, uint64_t count, std::string_view item, std::string_view after) {
  ByteWriter out;
  out.append(before);
  for (uint64_t i = 0; i < count; ++i) out.append(item);
  out.append(after);
  return out;
}

}  // namespace cairn::wasm::testing

#include "wasm/text/source_map.hpp"

#include <algorithm>

#include "wasm/byte_reader.hpp"

namespace cairn::wasm::text {

std::optional<uint32_t> SourceMap::find(std::span<const std::byte> module, uint64_t offset) const {
  constexpr uint64_t kHeader = 8;
  constexpr uint8_t kCode = 10;
  if (module.size() < kHeader) return std::nullopt;
  ByteReader in(module.subspan(kHeader), kHeader);
  uint8_t id = 0;
  uint32_t size = 0;
  while (in.read_u8(id) && in.read_length(size) && id != kCode) {
    if (!in.skip(size)) return std::nullopt;
  }
  uint32_t count = 0;
  if (id != kCode || !in.read_u32(count) || count != functions_.size()) return std::nullopt;
  for (uint32_t i = 0; i < count && in.read_length(size); ++i) {
    const uint64_t body = in.offset();
    if (offset < body) return std::nullopt;
    if (offset - body < size) {
      const auto begin = entries_.begin() + functions_[i];
      const auto end = i + 1 < count ? entries_.begin() + functions_[i + 1] : entries_.end();
      // The result is the last entry that is not after the offset. The first entry of a function is at offset 0.
      const auto after = std::ranges::upper_bound(begin, end, offset - body, {}, &Entry::body_offset);
      return (after - 1)->text_offset;
    }
    if (!in.skip(size)) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace cairn::wasm::text

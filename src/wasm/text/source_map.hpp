// Which text an assembled function's bytes come from, so that errors of validation can name lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cairn::wasm::text {

class SourceMap {
 public:
  // The next function's body begins, from this offset in the text.
  void begin_function(uint32_t text_offset) {
    functions_.push_back(static_cast<uint32_t>(entries_.size()));
    note(0, text_offset);
  }
  // What the body has from `body_offset` on comes from here, until the next note; a later note for the same place
  // counts.
  void note(size_t body_offset, uint32_t text_offset) {
    entries_.push_back({static_cast<uint32_t>(body_offset), text_offset});
  }

  // Where in the text the byte at `offset` of the assembled module comes from; none outside of function bodies.
  [[nodiscard]] std::optional<uint32_t> find(std::span<const std::byte> module, uint64_t offset) const;

 private:
  struct Entry {
    uint32_t body_offset;
    uint32_t text_offset;
  };
  std::vector<Entry> entries_;
  std::vector<uint32_t> functions_;  // the first entry of each
};

}  // namespace cairn::wasm::text

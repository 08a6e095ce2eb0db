// Maps the bytes of assembled functions to the text, so that errors of validation can name lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace cairn::wasm::text {

class SourceMap {
 public:
  // Begins the next function's body, which comes from this offset in the text.
  void begin_function(uint32_t text_offset) {
    functions_.push_back(static_cast<uint32_t>(entries_.size()));
    note(0, text_offset);
  }
  // Records that the bytes of the body from `body_offset` up to the next note come from `text_offset`. If two notes
  // have the same `body_offset`, the later one counts.
  void note(size_t body_offset, uint32_t text_offset) {
    entries_.push_back({static_cast<uint32_t>(body_offset), text_offset});
  }

  // Returns the offset in the text that the module's byte at `offset` comes from. There is none outside of function
  // bodies.
  [[nodiscard]] std::optional<uint32_t> find(std::span<const std::byte> module, uint64_t offset) const;

 private:
  struct Entry {
    uint32_t body_offset;
    uint32_t text_offset;
  };
  std::vector<Entry> entries_;
  std::vector<uint32_t> functions_;  // the index of the first entry of each function
};

}  // namespace cairn::wasm::text

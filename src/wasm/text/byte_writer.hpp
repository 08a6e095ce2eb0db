// Appends values in the binary format ([wasm 5.2]) to a vector of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cairn::wasm::text {

class ByteWriter {
 public:
  void byte(uint32_t value) { bytes_.push_back(static_cast<std::byte>(value)); }

  // These two functions append a number in LEB128.
  void unsigned_leb(uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<uint32_t>(value & 0x7f) | 0x80);
    byte(static_cast<uint32_t>(value));
  }
  void signed_leb(int64_t value) {
    for (; value < -64 || value > 63; value >>= 7) byte(static_cast<uint32_t>(value & 0x7f) | 0x80);
    byte(static_cast<uint32_t>(value & 0x7f));
  }
  // Appends `count` bytes of the value, little-endian.
  void fixed(uint64_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) byte(static_cast<uint32_t>(value >> (8 * i) & 0xff));
  }

  void append(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void append(std::string_view text) { append(std::as_bytes(std::span(text))); }
  // Appends the number of the bytes in LEB128, then the bytes.
  void sized(std::span<const std::byte> bytes) {
    unsigned_leb(bytes.size());
    append(bytes);
  }
  // Appends a name or string, in the same form.
  void name(std::string_view text) { sized(std::as_bytes(std::span(text))); }
  // Appends a section or a subsection.
  void section(uint32_t id, std::span<const std::byte> contents) {
    byte(id);
    sized(contents);
  }

  void truncate(size_t size) { bytes_.resize(size); }
  void clear() { bytes_.clear(); }
  [[nodiscard]] size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};  // NOLINT: bytes as a hash key
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// Writes a vector of the binary format whose length is not known in advance.
struct VectorWriter {
  uint32_t count = 0;
  ByteWriter items;

  // Counts one more item. The caller appends its bytes to the result.
  ByteWriter& add() {
    ++count;
    return items;
  }
  void append_to(ByteWriter& out) const {
    out.unsigned_leb(count);
    out.append(items.bytes());
  }
};

}  // namespace cairn::wasm::text

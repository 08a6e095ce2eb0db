// Input is a fuzz target's input as a source of decisions. Numbers and texts are taken from its front; when it is used
// up, numbers are zero and texts are empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace cairn::fuzz {

class Input {
 public:
  explicit Input(std::span<const std::byte> bytes) : rest_(bytes) {}
  Input(const uint8_t* data, size_t size) : rest_(std::as_bytes(std::span(data, size))) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] size_t remaining() const { return rest_.size(); }

  // Takes the bytes of a T, in the machine's byte order.
  template <class T>
  T take() {
    T value{};
    const size_t count = std::min(sizeof(T), rest_.size());
    std::memcpy(&value, rest_.data(), count);
    rest_ = rest_.subspan(count);
    return value;
  }
  uint8_t byte() { return take<uint8_t>(); }
  // Takes a number below `bound`, which is not zero.
  uint32_t below(uint32_t bound) { return (bound <= 256 ? byte() : take<uint32_t>()) % bound; }
  // Returns true with a probability of about 1 in `count`.
  bool one_in(uint32_t count) { return below(count) == 0; }

  // Takes `count` bytes, or fewer at the end of the input.
  std::span<const std::byte> bytes(size_t count) {
    const auto result = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(result.size());
    return result;
  }
  // Takes `count` bytes, or fewer at the end of the input, as a text.
  std::string_view text(size_t count) {
    const auto part = bytes(count);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  // Takes all that is left.
  std::span<const std::byte> rest() { return bytes(rest_.size()); }

 private:
  std::span<const std::byte> rest_;
};

inline std::vector<std::byte> to_bytes(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  return {bytes.begin(), bytes.end()};
}
inline std::string_view as_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace cairn::fuzz

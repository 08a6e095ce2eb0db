// A guest's linear memory as WASI functions see it: every pointer checked, every number little-endian.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "wasi/types.hpp"

namespace cairn::wasi {

using Pointer = uint32_t;

// Valid for one call: nothing in it lets the guest run or its memory grow.
class GuestMemory {
 public:
  explicit GuestMemory(std::span<std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] WasiResult<std::span<std::byte>> bytes(Pointer at, uint64_t length) const {
    if (at > bytes_.size() || length > bytes_.size() - at) return std::unexpected(Errno::fault);
    return bytes_.subspan(at, length);
  }
  [[nodiscard]] WasiResult<std::string_view> text(Pointer at, uint64_t length) const {
    auto span = bytes(at, length);
    if (!span) return std::unexpected(span.error());
    return std::string_view(reinterpret_cast<const char*>(span->data()), span->size());
  }

  template <std::integral T>
  [[nodiscard]] WasiResult<T> load(Pointer at) const {
    auto span = bytes(at, sizeof(T));
    if (!span) return std::unexpected(span.error());
    T value;
    std::memcpy(&value, span->data(), sizeof(T));
    return value;
  }
  template <std::integral T>
  [[nodiscard]] Errno store(Pointer at, T value) const {
    auto span = bytes(at, sizeof(T));
    if (!span) return span.error();
    std::memcpy(span->data(), &value, sizeof(T));
    return Errno::success;
  }

  // The buffers of an iovec or ciovec array; both lie in the guest's memory.
  [[nodiscard]] WasiResult<std::vector<std::span<std::byte>>> vectors(Pointer at, uint32_t count) const;

 private:
  std::span<std::byte> bytes_;
};

// A record that is put together and then written to the guest at once. N is its size in bytes.
template <size_t N>
class Record {
 public:
  template <std::integral T>
  void set(size_t offset, T value) {
    static_assert(sizeof(T) <= N);
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
  }
  [[nodiscard]] Errno write(const GuestMemory& memory, Pointer at) const {
    auto span = memory.bytes(at, N);
    if (!span) return span.error();
    std::memcpy(span->data(), bytes_.data(), N);
    return Errno::success;
  }

 private:
  std::array<std::byte, N> bytes_{};
};

}  // namespace cairn::wasi

// A cursor over bytes that never reads beyond their end, and that decodes LEB128 as strictly as the specification
// demands ([wasm 5.2.2]).
//
// Each read_x returns false when it fails; the reader then holds the error. x() does the same and returns a Result.
// Offsets are absolute: they count from the start of the module, also when the reader covers only a part of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace cairn::wasm {

class ByteReader {
 public:
  ByteReader() = default;
  // `offset` is the offset of the first byte in the module.
  explicit ByteReader(std::span<const std::byte> bytes, uint64_t offset = 0)
      : begin_(bytes.data()), next_(bytes.data()), end_(bytes.data() + bytes.size()), base_(offset) {}

  [[nodiscard]] uint64_t offset() const { return base_ + static_cast<uint64_t>(next_ - begin_); }
  [[nodiscard]] size_t remaining() const { return static_cast<size_t>(end_ - next_); }
  [[nodiscard]] bool at_end() const { return next_ == end_; }

  // Returns the bytes from an absolute offset to the end.
  [[nodiscard]] std::span<const std::byte> bytes_from(uint64_t offset) const {
    return std::span(begin_, end_).subspan(offset - base_);
  }

  // Records the error (the first one stays) and returns false.
  bool fail(ErrorKind kind, uint64_t offset, std::string message);
  // Records the error that the bytes have ended too early, and returns false.
  bool fail_at_end();
  [[nodiscard]] bool failed() const { return failed_; }
  // Moves the error out of the reader. There must be one.
  std::unexpected<Error> failure() {
    failed_ = false;
    return std::unexpected(std::move(error_));
  }
  // The error, if failed() is true.
  Error& error() { return error_; }

  bool read_u8(uint8_t& value) {
    if (next_ == end_) [[unlikely]]
      return fail_at_end();
    value = static_cast<uint8_t>(*next_++);
    return true;
  }
  [[nodiscard]] bool peek_u8(uint8_t& value) const {
    if (next_ == end_) return false;
    value = static_cast<uint8_t>(*next_);
    return true;
  }
  // The functions read_uN and read_sN, except read_u8, read LEB128 numbers of N bits, unsigned and signed.
  bool read_u32(uint32_t& value) {
    if (next_ != end_ && static_cast<uint8_t>(*next_) < 0x80) [[likely]] {
      value = static_cast<uint8_t>(*next_++);
      return true;
    }
    return read_u32_slow(value);
  }
  bool read_u64(uint64_t& value) {
    if (next_ != end_ && static_cast<uint8_t>(*next_) < 0x80) [[likely]] {
      value = static_cast<uint8_t>(*next_++);
      return true;
    }
    return read_unsigned(64, value);
  }
  bool read_s32(int32_t& value) {
    int64_t wide = 0;
    if (!read_s<32>(wide)) return false;
    value = static_cast<int32_t>(wide);
    return true;
  }
  bool read_s33(int64_t& value) { return read_s<33>(value); }
  bool read_s64(int64_t& value) { return read_s<64>(value); }
  // read_bits32 and read_bits64 read little-endian numbers of fixed width.
  bool read_bits32(uint32_t& value) { return read_fixed(value); }
  bool read_bits64(uint64_t& value) { return read_fixed(value); }
  // Reads the length of a vector or a name. Fails if the length exceeds the number of bytes that were left before it
  // was read, so a caller can reserve memory for that many items.
  bool read_length(uint32_t& value);
  // Gives a view of the next `count` bytes.
  bool read_bytes(size_t count, std::span<const std::byte>& bytes) {
    if (remaining() < count) return fail_at_end();
    bytes = {next_, count};
    next_ += count;
    return true;
  }
  bool skip(size_t count) {
    if (remaining() < count) return fail_at_end();
    next_ += count;
    return true;
  }

  Result<uint8_t> u8() {
    return as_result<uint8_t>([this](uint8_t& v) { return read_u8(v); });
  }
  Result<uint32_t> u32() {
    return as_result<uint32_t>([this](uint32_t& v) { return read_u32(v); });
  }
  Result<uint64_t> u64() {
    return as_result<uint64_t>([this](uint64_t& v) { return read_u64(v); });
  }
  Result<int64_t> s33() {
    return as_result<int64_t>([this](int64_t& v) { return read_s33(v); });
  }
  Result<std::span<const std::byte>> bytes(size_t count) {
    return as_result<std::span<const std::byte>>([&](auto& v) { return read_bytes(count, v); });
  }
  Result<uint32_t> length() {
    return as_result<uint32_t>([this](uint32_t& v) { return read_length(v); });
  }

 private:
  bool read_u32_slow(uint32_t& value);
  bool read_unsigned(uint32_t width, uint64_t& value);
  bool read_signed(uint32_t width, int64_t& value);

  template <uint32_t width>
  bool read_s(int64_t& value) {
    if (next_ != end_ && static_cast<uint8_t>(*next_) < 0x80) [[likely]] {
      value = static_cast<int64_t>(static_cast<uint64_t>(*next_++) << 57) >> 57;
      return true;
    }
    return read_signed(width, value);
  }
  template <class T>
  bool read_fixed(T& value) {
    if (remaining() < sizeof(T)) return fail_at_end();
    std::memcpy(&value, next_, sizeof(T));
    next_ += sizeof(T);
    return true;
  }
  template <class T, class F>
  Result<T> as_result(F read) {
    T value{};
    if (!read(value)) [[unlikely]]
      return failure();
    return value;
  }

  const std::byte* begin_ = nullptr;
  const std::byte* next_ = nullptr;
  const std::byte* end_ = nullptr;
  uint64_t base_ = 0;
  bool failed_ = false;
  Error error_;
};

}  // namespace cairn::wasm

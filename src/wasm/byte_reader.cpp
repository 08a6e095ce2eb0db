#include "wasm/byte_reader.hpp"

#include <bit>

namespace cairn::wasm {

static_assert(std::endian::native == std::endian::little, "fixed-width reads copy bytes");

bool ByteReader::fail(ErrorKind kind, uint64_t offset, std::string message) {
  if (!failed_) {
    failed_ = true;
    error_ = Error::at(kind, offset, std::move(message));
  }
  return false;
}

bool ByteReader::fail_at_end() {
  return fail(ErrorKind::malformed, base_ + static_cast<uint64_t>(end_ - begin_),
              "unexpected end of section or function");
}

// An integer has at most ceil(width / 7) bytes ([wasm 5.2.2]). The unused bits of the last byte are zero, or copies of
// the sign bit if the integer is signed.
bool ByteReader::read_unsigned(uint32_t width, uint64_t& value) {
  uint64_t result = 0;
  uint32_t shift = 0;
  while (true) {
    if (shift >= width) return fail(ErrorKind::malformed, offset(), "integer representation too long");
    uint8_t byte = 0;
    if (!read_u8(byte)) return false;
    const uint32_t payload = byte & 0x7fU;
    const uint32_t left = width - shift;
    if (left < 7 && payload >> left != 0) return fail(ErrorKind::malformed, offset() - 1, "integer too large");
    result |= uint64_t{payload} << shift;
    if (byte < 0x80) break;
    shift += 7;
  }
  value = result;
  return true;
}

bool ByteReader::read_u32_slow(uint32_t& value) {
  uint64_t wide = 0;
  if (!read_unsigned(32, wide)) return false;
  value = static_cast<uint32_t>(wide);
  return true;
}

bool ByteReader::read_signed(uint32_t width, int64_t& value) {
  uint64_t result = 0;
  uint32_t shift = 0;
  while (true) {
    if (shift >= width) return fail(ErrorKind::malformed, offset(), "integer representation too long");
    uint8_t byte = 0;
    if (!read_u8(byte)) return false;
    const uint32_t payload = byte & 0x7fU;
    const uint32_t left = width - shift;
    if (left < 7) {
      const uint32_t sign_and_unused = (0x7fU << (left - 1)) & 0x7fU;
      if ((payload & sign_and_unused) != 0 && (payload & sign_and_unused) != sign_and_unused) {
        return fail(ErrorKind::malformed, offset() - 1, "integer too large");
      }
    }
    result |= uint64_t{payload} << shift;
    shift += 7;
    if (byte < 0x80) {
      if (shift < 64 && (payload & 0x40) != 0) result |= ~uint64_t{0} << shift;
      break;
    }
  }
  value = static_cast<int64_t>(result);
  return true;
}

bool ByteReader::read_length(uint32_t& value) {
  const uint64_t start = offset();
  const uint64_t most = remaining();
  if (!read_u32(value)) return false;
  return value <= most || fail(ErrorKind::malformed, start, "length out of bounds");
}

}  // namespace cairn::wasm

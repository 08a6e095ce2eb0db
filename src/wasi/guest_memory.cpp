#include "wasi/guest_memory.hpp"

namespace cairn::wasi {

namespace {
constexpr uint32_t kMaximumVectors = 65536;
}

WasiResult<std::vector<std::span<std::byte>>> GuestMemory::vectors(Pointer at, uint32_t count) const {
  if (count > kMaximumVectors) return std::unexpected(Errno::inval);
  auto array = bytes(at, uint64_t{count} * 8);
  if (!array) return std::unexpected(array.error());
  std::vector<std::span<std::byte>> result;
  result.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t fields[2];
    std::memcpy(fields, array->data() + size_t{i} * 8, 8);
    auto buffer = bytes(fields[0], fields[1]);
    if (!buffer) return std::unexpected(buffer.error());
    result.push_back(*buffer);
  }
  return result;
}

}  // namespace cairn::wasi

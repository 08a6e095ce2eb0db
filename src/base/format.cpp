#include "base/format.hpp"

#include <array>
#include <charconv>

namespace cairn {
namespace {

template <class T>
std::string with_base(T value, int base) {
  std::array<char, 24> buffer;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, base).ptr;
  return std::string(buffer.data(), end);
}

}  // namespace

std::string decimal(uint64_t value) { return with_base(value, 10); }
std::string decimal(int64_t value) { return with_base(value, 10); }

std::string hex(uint64_t value, unsigned digits) {
  std::string text = with_base(value, 16);
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  return "0x" + text;
}

std::string duration(uint64_t nanoseconds) {
  constexpr uint64_t kMillisecond = 1'000'000, kSecond = 1'000'000'000;
  return nanoseconds % kSecond == 0 ? decimal(nanoseconds / kSecond) + " s"
                                    : decimal(nanoseconds / kMillisecond) + " ms";
}

std::string size_text(uint64_t bytes) {
  if (bytes % (1 << 30) == 0) return decimal(bytes >> 30) + " GiB";
  if (bytes % (1 << 20) == 0) return decimal(bytes >> 20) + " MiB";
  return decimal(bytes >> 10) + " KiB";
}

}  // namespace cairn

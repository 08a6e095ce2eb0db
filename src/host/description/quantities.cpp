#include "host/description/quantities.hpp"

#include <algorithm>

#include "base/boot_protocol.hpp"
#include "base/format.hpp"
#include "base/key_values.hpp"

namespace cairn::host {
namespace {

constexpr uint64_t kMaximumMemory = uint64_t{1} << 40;  // bytes

// Returns a size with the largest unit of which it is a multiple; the largest is G.
std::string size_with_unit(uint64_t bytes) {
  if (bytes % (1 << 30) == 0) return decimal(bytes >> 30) + "G";
  if (bytes % (1 << 20) == 0) return decimal(bytes >> 20) + "M";
  return decimal(bytes >> 10) + "K";
}

std::optional<uint64_t> parse_size(std::string_view text, uint64_t least) {
  uint64_t unit = uint64_t{1} << 20;
  if (!text.empty() && (text.back() < '0' || text.back() > '9')) {
    switch (text.back()) {
      case 'K':
      case 'k': unit = uint64_t{1} << 10; break;
      case 'M':
      case 'm': unit = uint64_t{1} << 20; break;
      case 'G':
      case 'g': unit = uint64_t{1} << 30; break;
      default: return std::nullopt;
    }
    text.remove_suffix(1);
  }
  const std::optional<uint64_t> number = parse_decimal(text);
  if (!number || *number > kMaximumMemory / unit || *number * unit < least) return std::nullopt;
  return *number * unit;
}

}  // namespace

std::optional<uint64_t> parse_time(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<uint64_t> number = parse_decimal(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  const uint64_t nanoseconds = unit == "ms"  ? 1'000'000
                               : unit == "s" ? 1'000'000'000
                               : unit == "m" ? 60'000'000'000
                               : unit == "h" ? 3'600'000'000'000
                                             : 0;
  uint64_t time = 0;
  if (!number || nanoseconds == 0 || __builtin_mul_overflow(*number, nanoseconds, &time)) return std::nullopt;
  return time;
}

std::optional<uint64_t> parse_memory(std::string_view text) { return parse_size(text, kMinimumMemory); }

std::optional<uint64_t> parse_limit(const LimitKind& kind, std::string_view text) {
  std::optional<uint64_t> value;
  switch (kind.quantity) {
    case Quantity::bytes: value = parse_size(text, kind.least); break;
    case Quantity::nanoseconds: value = parse_time(text); break;
    case Quantity::count: value = parse_decimal(text); break;
    case Quantity::percent:
      if (text.ends_with('%')) value = parse_decimal(text.substr(0, text.size() - 1));
      break;
  }
  return value && *value >= kind.least && *value <= kind.most ? value : std::nullopt;
}

std::string limit_expected(const LimitKind& kind) {
  switch (kind.quantity) {
    case Quantity::bytes:
      return "a size from " + size_with_unit(kind.least) + " to " + size_with_unit(kind.most) + ", such as 64M or 1G";
    case Quantity::nanoseconds: return std::string(kTimeExpected);
    case Quantity::count: return "an integer from " + decimal(kind.least) + " to " + decimal(kind.most);
    case Quantity::percent:
      return "a part of a CPU from " + decimal(kind.least) + "% to " + decimal(kind.most) + "%, such as 50%";
  }
  return {};
}

std::optional<DirectoryMapping> parse_directory(std::string_view text) {
  const size_t separator = text.find("::");
  const std::string_view host = text.substr(0, separator);
  const std::string_view guest = separator == std::string_view::npos ? host : text.substr(separator + 2);
  if (host.empty() || guest.empty()) return std::nullopt;
  return DirectoryMapping{std::string(host), std::string(guest)};
}

}  // namespace cairn::host

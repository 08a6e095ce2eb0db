#include "base/limits.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/key_values.hpp"

namespace cairn {

const LimitKind* find_limit(std::string_view name) {
  const auto* const found = std::ranges::find(kLimitKinds, name, &LimitKind::name);
  return found == kLimitKinds.end() ? nullptr : found;
}

std::string limit_text(const LimitKind& kind, uint64_t value) {
  switch (kind.quantity) {
    case Quantity::bytes: return size_text(value);
    case Quantity::nanoseconds: return duration(value);
    case Quantity::count: return decimal(value);
    case Quantity::percent: return decimal(value) + " %";
  }
  return {};
}

std::string Limits::encode(Limit limit) const {
  return std::string(kind_of(limit).name) + "=" + decimal((*this)[limit]);
}

bool Limits::decode(std::string_view text) {
  const size_t equals = std::min(text.find('='), text.size());
  const LimitKind* const kind = find_limit(text.substr(0, equals));
  const std::optional<uint64_t> value = parse_decimal(text.substr(std::min(equals + 1, text.size())));
  if (kind == nullptr || !value || *value < kind->least || *value > kind->most) return false;
  set(kind->limit, *value);
  return true;
}

}  // namespace cairn

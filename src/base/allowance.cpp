#include "base/allowance.hpp"

namespace cairn {

std::string Allowances::describe_refusals() const {
  std::string lines;
  for (const LimitKind& kind : kLimitKinds) {
    if (limits_.is_given(kind.limit) && (*this)[kind.limit].has_refused())
      lines += describe_reached(kind, limits_[kind.limit]);
  }
  return lines;
}

std::string describe_reached(const LimitKind& kind, uint64_t value) {
  std::string line = "cairn: the program has reached its limit of " + limit_text(kind, value);
  if (!kind.what.empty()) line += " " + std::string(kind.what);
  return line + "\n";
}

}  // namespace cairn

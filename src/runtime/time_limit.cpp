#include "runtime/time_limit.hpp"

#include "base/assert.hpp"
#include "base/format.hpp"

namespace cairn::runtime {

std::string TimeLimit::describe_ended() const {
  const std::optional<LimitedTime> which = ended();
  CAIRN_ASSERT(which.has_value());
  return *which == LimitedTime::cpu ? "its limit of " + duration(*limits_.cpu) + " of CPU time"
                                    : "its limit of " + duration(*limits_.wall);
}

}  // namespace cairn::runtime

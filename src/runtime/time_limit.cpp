#include "runtime/time_limit.hpp"

#include "base/assert.hpp"
#include "base/format.hpp"

namespace cairn::runtime {

std::string TimeLimit::describe(TimeEnd end) const {
  switch (end) {
    case TimeEnd::wall_limit: return "has reached its limit of " + duration(*limits_.wall);
    case TimeEnd::cpu_limit: return "has reached its limit of " + duration(*limits_.cpu) + " of CPU time";
    case TimeEnd::kill: return "was killed";
    case TimeEnd::memory_limit: return "has reached its limit of memory";
  }
  CAIRN_UNREACHABLE();
}

}  // namespace cairn::runtime

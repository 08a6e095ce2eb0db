// Ends the process when an assertion fails.
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace cairn {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "cairn: internal error: assertion `%s` failed at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace cairn

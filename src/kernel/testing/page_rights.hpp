// Checks all page tables that the CPU uses for a rule that tests of single pages cannot check: no frame is writable in
// one mapping and executable in another.
#pragma once

#include "kernel/testing/testing.hpp"

namespace cairn::kernel {

void test_page_rights(TestRun& run);

}  // namespace cairn::kernel

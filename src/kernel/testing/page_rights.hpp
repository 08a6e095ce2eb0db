// Checks all page tables that the CPU uses against the rules of memory/rights_audit.hpp. Tests of single pages cannot
// check, for example, that no frame is writable in one mapping and executable in another.
#pragma once

#include "kernel/testing/testing.hpp"

namespace cairn::kernel {

void test_page_rights(TestRun& run);

}  // namespace cairn::kernel

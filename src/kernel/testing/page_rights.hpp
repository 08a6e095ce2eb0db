// Proves from the page tables that the CPU uses what a test of single pages cannot: no frame is writable in one mapping
// and executable in another.
#pragma once

#include "kernel/testing/testing.hpp"

namespace cairn::kernel {

void test_page_rights(TestRun& run);

}  // namespace cairn::kernel

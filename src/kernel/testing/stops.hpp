// Asks programs to stop, and ends pipelines, at random moments.
#pragma once

#include "kernel/testing/testing.hpp"

namespace cairn::kernel {

void test_stops(TestRun& run);

}  // namespace cairn::kernel

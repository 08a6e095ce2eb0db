// Tests of memory accounts on the machine itself, with fibers on all CPUs.
#pragma once

#include "kernel/testing/testing.hpp"

namespace cairn::kernel {

// The accounts add up to all memory at any moment, while fibers of several programs allocate, commit, and free each
// other's objects on all CPUs. When all is freed, the accounts are empty.
void test_accounts(TestRun& run);
// Programs that come to their limit of memory in several ways end alone, leave nothing on their accounts, and name the
// limit.
void test_memory_limits(TestRun& run);

}  // namespace cairn::kernel

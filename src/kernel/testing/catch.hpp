// Calls whose faults are caught. One CPU at a time uses this.
#pragma once

#include <cstdint>

#include "runtime/platform.hpp"

namespace cairn::kernel {

extern "C" {
// Calls `function(argument)` (testing.S). Returns 1 if a fault that resolve_test_fault handled ended the call, else 0.
uint64_t test_catch(void (*function)(uint64_t), uint64_t argument);
}

// The last fault that resolve_test_fault has handled.
const runtime::MachineFault& caught_fault();
// A fault handler that ends the call of test_catch.
runtime::FaultResolution resolve_test_fault(const runtime::MachineFault& fault);

// Lets resolve_test_fault handle faults while it exists.
class CatchFaults {
 public:
  CatchFaults();
  ~CatchFaults();
  CatchFaults(const CatchFaults&) = delete;
  CatchFaults& operator=(const CatchFaults&) = delete;
};

}  // namespace cairn::kernel

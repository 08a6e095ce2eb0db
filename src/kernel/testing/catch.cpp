#include "kernel/testing/catch.hpp"

#include <cstddef>

#include "kernel/trap/trap.hpp"

extern "C" {
extern const std::byte test_catch_resume[];
extern uint64_t test_catch_stack;
}

namespace cairn::kernel {
namespace {

constinit runtime::MachineFault last_fault{};

}  // namespace

const runtime::MachineFault& caught_fault() { return last_fault; }

runtime::FaultResolution resolve_test_fault(const runtime::MachineFault& fault) {
  last_fault = fault;
  return {true, reinterpret_cast<uintptr_t>(test_catch_resume), test_catch_stack};
}

CatchFaults::CatchFaults() { set_fault_handler(resolve_test_fault); }
CatchFaults::~CatchFaults() { set_fault_handler(nullptr); }

}  // namespace cairn::kernel

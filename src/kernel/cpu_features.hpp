// The CPU features that compiled code may use; each port has its own definitions (cpu.cpp).
#pragma once

#include "compiler/options/options.hpp"

namespace cairn::kernel {

// Enables the state of wide registers, so that compiled code can use the features that detect_cpu_features reports.
// Called on each CPU.
void enable_vector_state();
compiler::CpuFeatures detect_cpu_features();

}  // namespace cairn::kernel

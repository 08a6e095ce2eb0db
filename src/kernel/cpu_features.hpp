// What the CPUs offer to compiled code; each port has its own definitions (cpu.cpp).
#pragma once

#include "compiler/options/options.hpp"

namespace cairn::kernel {

// Switches the state of wide registers on, so that what detect_cpu_features reports can be used. On each CPU.
void enable_vector_state();
compiler::CpuFeatures detect_cpu_features();

}  // namespace cairn::kernel

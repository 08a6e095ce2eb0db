#include "base/assert.hpp"
#include "compiler/rv64/emitter.hpp"
#include "compiler/rv64/simd.hpp"
namespace cairn::rv64 {
SimdNeeds needs_of(ir::SimdOp, Vectors vectors) {
  SimdNeeds needs;
  if (vectors == Vectors::absent) {
    needs.integers = 3;
    needs.floats = 2;
    needs.early_result = true;
    return needs;
  }
  return needs;
}
void Emitter::simd_vector(const MachineInst&, Operands) { CAIRN_UNREACHABLE(); }
}

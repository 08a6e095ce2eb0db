#include "base/assert.hpp"
#include "compiler/rv64/emitter.hpp"
#include "compiler/rv64/simd.hpp"
namespace cairn::rv64 {
SimdNeeds needs_of(ir::SimdOp, Vectors) { return {}; }
SimdNeeds needs_of_shuffle(Vectors) { return {}; }
void Emitter::simd_scalar(const MachineInst&, Operands) { CAIRN_UNREACHABLE(); }
}

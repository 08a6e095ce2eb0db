#include "base/assert.hpp"
#include "compiler/rv64/emitter.hpp"
#include "compiler/rv64/simd.hpp"
namespace cairn::rv64 {
void Emitter::simd_vector(const MachineInst&, Operands) { CAIRN_UNREACHABLE(); }
}

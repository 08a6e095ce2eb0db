#include "base/assert.hpp"
#include "compiler/rv64/emitter.hpp"
#include "compiler/rv64/simd.hpp"
namespace cairn::rv64 {
SimdNeeds needs_of(ir::SimdOp, Vectors) { return {}; }
SimdNeeds needs_of_shuffle(Vectors) { return {}; }
SimdNeeds needs_of_access(Vectors) { return {}; }
void Emitter::simd(const MachineInst&, Operands) { CAIRN_UNREACHABLE(); }
void Emitter::copy_slot(uint32_t, uint32_t) {}
void Emitter::vector_constant(const MachineInst&, Allocation) {}
void Emitter::use_vectors(unsigned, Sew, Lmul, Tail) {}
}

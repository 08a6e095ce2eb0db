#include "compiler/x64/lower.hpp"

namespace cairn::x64 {

void X64Lowering::lower_vector(ir::Value) { CAIRN_UNREACHABLE(); }
void X64Lowering::lower_vector_memory(ir::Value) { CAIRN_UNREACHABLE(); }

}  // namespace cairn::x64

// Operands of atomic accesses with edge cases, and the results of the operations, for the tests of all targets.
#pragma once

#include <cstdint>

#include "compiler/ir/function.hpp"

namespace cairn::codegen {

// The bytes in memory before each access.
inline constexpr uint64_t kAtomicOld = 0x8192a3b4c5d6e7f8;
// The operands of the accesses: numbers around the limits of 8, 16, 32 and 64 bits.
inline constexpr uint64_t kAtomicValues[] = {
    0, 1, 0x7f, 0x80, 0xff, 0x1234, 0xffff, 0x89abcdef, 0xffff'ffff, 0x0123'4567'89ab'cdef, ~uint64_t{0}};
inline constexpr ir::AtomicOp kAtomicOps[] = {ir::AtomicOp::add, ir::AtomicOp::sub,  ir::AtomicOp::and_,
                                              ir::AtomicOp::or_, ir::AtomicOp::xor_, ir::AtomicOp::xchg};

// Returns the lowest `bytes` bytes of the value, zero-extended.
inline uint64_t low(uint64_t value, unsigned bytes) {
  return bytes == 8 ? value : value & ((uint64_t{1} << (8 * bytes)) - 1);
}

// Returns what the operation stores if the memory holds `old` and the operand is `by`.
inline uint64_t apply(ir::AtomicOp op, uint64_t old, uint64_t by) {
  switch (op) {
    case ir::AtomicOp::add: return old + by;
    case ir::AtomicOp::sub: return old - by;
    case ir::AtomicOp::and_: return old & by;
    case ir::AtomicOp::or_: return old | by;
    case ir::AtomicOp::xor_: return old ^ by;
    case ir::AtomicOp::xchg: return by;
  }
  return 0;
}

}  // namespace cairn::codegen

// Predicates about what an instruction does besides computing its value.
#pragma once

#include "compiler/ir/function.hpp"

namespace cairn::ir {

// Whether the instruction calls a function, which may have any effect, and control comes back. It is false for a
// return_call.
inline bool is_any_call(Opcode opcode) { return facts(opcode).effects == Effects::call || opcode == Opcode::invoke; }

// Whether the instruction accesses guest memory or a field of an object. Its operands then begin with the address, and
// a base or none.
inline bool is_heap_access(Opcode opcode) {
  switch (opcode) {
    case Opcode::heap_load:
    case Opcode::heap_store:
    case Opcode::heap_load_lane:
    case Opcode::heap_store_lane:
    case Opcode::heap_load_splat:
    case Opcode::heap_load_zero:
    case Opcode::heap_load_extend:
    case Opcode::atomic_load:
    case Opcode::atomic_store:
    case Opcode::atomic_rmw:
    case Opcode::atomic_cas: return true;
    default: return false;
  }
}

// Whether the instruction may be removed if nothing uses its value: it cannot trap and writes nothing.
inline bool is_removable(const Function& function, Value value) {
  switch (facts(function[value].opcode).effects) {
    case Effects::pure: return true;
    case Effects::reads: return !function.memory_access(value).can_fault;
    case Effects::trapping:
    case Effects::writes:
    case Effects::atomic:
    case Effects::call:
    case Effects::control: return false;
  }
  return false;
}

// Whether value numbering may replace the instruction by an equal one that sees the same memory. An instruction that
// may trap is redundant if an equal one dominates it.
inline bool is_numbered(Opcode opcode) {
  switch (facts(opcode).effects) {
    case Effects::pure: return opcode != Opcode::block_param;
    case Effects::trapping: return true;
    case Effects::reads: return opcode != Opcode::heap_load_lane;
    default: return false;
  }
}

}  // namespace cairn::ir

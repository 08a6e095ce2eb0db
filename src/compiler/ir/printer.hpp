// The IR's text form, which parser.hpp reads back:
//
//   function 3 (i32, i64) -> (i32) {
//   block0(v0: i32, v1: i64):
//     v2 = iconst.i32 7
//     v3 = iadd.i32 v0, v2
//     v4 = heap_load.i32 v3, _ {memory 0, offset 16, size 4, faults}
//     v5 = icmp.slt v4, v2
//     branch v5, block1(v4), block2
//   ...
//   }
//
// A missing operand is `_`. The braces after a load or store show its MemoryAccess: the alias class, the index and the
// other members (`faults` stands for can_fault). Values and blocks are numbered in the order in which they are printed,
// so removed ones leave no gaps. With Numbering::raw, their indices in the function are printed instead.
#pragma once

#include <string>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

enum class Numbering : uint8_t { dense, raw };

// Returns the text of the function.
std::string to_string(const Function& function, Numbering numbering = Numbering::dense);

}  // namespace cairn::ir

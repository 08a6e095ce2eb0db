// Calling a function in a way that its callees can end: a machine's own list of registers in x64/ and rv64/ each.
#pragma once

#include "base/operation.hpp"

extern "C" {
// Calls body(argument) with a frame that `point` names until it returns. False: it returned; true: return_to_point
// ended it.
bool cairn_call_returnable(cairn::ReturnPoint* point, void (*body)(void*), void* argument);
// Drops the frames up to the point's and returns from there.
[[noreturn]] void cairn_return_to_point(const cairn::ReturnPoint* point);
}

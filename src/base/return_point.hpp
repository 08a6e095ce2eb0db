// Calls a function so that its callees can end the call. Each machine's list of registers is in x64/ and rv64/.
#pragma once

#include "base/operation.hpp"

extern "C" {
// Calls body(argument) with a frame that `point` describes until it returns. Returns false if the function returned,
// and true if return_to_point ended it.
bool cairn_call_returnable(cairn::ReturnPoint* point, void (*body)(void*), void* argument);
// Leaves all frames above the point's and returns from there.
[[noreturn]] void cairn_return_to_point(const cairn::ReturnPoint* point);
}

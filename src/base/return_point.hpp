// The functions in machine code that operation.hpp needs: a call, and a jump that ends the call from any function below
// it. Each of x64/ and rv64/ defines them for one architecture.
#pragma once

#include "base/operation.hpp"

extern "C" {
// Calls body(argument). `point` describes this call until it ends. Returns false if `body` returned, and true if
// cairn_return_to_point ended the call.
bool cairn_call_returnable(cairn::ReturnPoint* point, void (*body)(void*), void* argument);
// Ends the call that `point` describes: leaves all frames below it, and cairn_call_returnable returns true.
[[noreturn]] void cairn_return_to_point(const cairn::ReturnPoint* point);
}

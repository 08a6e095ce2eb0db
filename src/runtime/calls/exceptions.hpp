// Throwing: unwinding guest frames by their tables to a handler, and exceptions on their way between host and guest.
//
// The unwinder leaves frames one by one and restores the callee-saved registers that each frame has saved. It stops at
// the first frame whose call has a landing pad (CodeImage::find_handler); the code there compares tags. An exception
// that reaches the host's entry ends the activation like a trap: Store::invoke gives it to the host as a value.
#pragma once

#include "abi/heap_layout.hpp"
#include "runtime/calls/trap.hpp"
#include "runtime/code/activation.hpp"

namespace cairn::runtime {

class Store;

enum class Rethrown : bool { no, yes };

// Throws `exception` from the guest code that the innermost activation has left (VMStoreState::exit_*, registers).
// Rethrown: a function has caught the exception and none of its handlers matched; unwinding goes on as if that function
// had not caught it, and the backtrace is continued.
[[noreturn]] void throw_from_guest(Activation& activation, abi::HeapReference exception, Rethrown rethrown);

// Called after a host function has failed with an exception. Makes the object that throw_from_host throws into the
// guest that called the host function, and stores it in Activation::exception. It stores null, and the failure stays a
// trap, if the tag is of another store, the payload does not fit the tag, or the heap is full. There must be no
// collection between this call and throw_from_host.
void prepare_throw(Activation& activation, Trap& trap);
[[noreturn]] void throw_from_host(Activation& activation);

// Gives the exception as a value, without a backtrace.
[[nodiscard]] Trap uncaught(Store& store, abi::HeapReference exception);

}  // namespace cairn::runtime

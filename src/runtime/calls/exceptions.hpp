// Throwing: unwinding guest frames by their tables to a handler, and exceptions on their way between host and guest.
//
// Frames are left one by one, the callee-saved registers that each has saved restored, up to one whose call has a
// landing pad (CodeImage::find_handler); its code compares tags. An exception that reaches the host's entry ends the
// activation like a trap: Store::invoke gives it to the host as a value.
#pragma once

#include "abi/heap_layout.hpp"
#include "runtime/calls/trap.hpp"
#include "runtime/code/activation.hpp"

namespace cairn::runtime {

class Store;

enum class Rethrown : bool { no, yes };

// From the guest code that the innermost activation has left (VMStoreState::exit_*, registers). Rethrown: to where the
// function that caught it in vain would have let it go; the backtrace goes on.
[[noreturn]] void throw_from_guest(Activation& activation, abi::HeapReference exception, Rethrown rethrown);

// A host function has failed with an exception: makes the object that throw_from_host throws into the guest that called
// it, Activation::exception; null if that is not possible and the failure stays a trap: the tag is of another store,
// the payload does not fit it, or the heap is full. Nothing may collect between the two.
void prepare_throw(Activation& activation, Trap& trap);
[[noreturn]] void throw_from_host(Activation& activation);

// The exception as a value, without a backtrace.
[[nodiscard]] Trap uncaught(Store& store, abi::HeapReference exception);

}  // namespace cairn::runtime

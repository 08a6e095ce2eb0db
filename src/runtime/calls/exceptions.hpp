// Throws exceptions: unwinds guest frames to a handler, and converts exceptions that cross between host and guest.
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

// Throws `exception` from the guest code that called a builtin in the innermost activation. The exit_pc, exit_frame and
// registers of VMStoreState describe this call. With Rethrown::yes, a function has caught the exception and none of its
// handlers matched. Then unwinding goes on as if that function had not caught the exception, and the backtrace is
// continued.
[[noreturn]] void throw_from_guest(Activation& activation, abi::HeapReference exception, Rethrown rethrown);

// report_trap() calls prepare_throw() after a host function has failed with an exception. prepare_throw() makes the
// exception object and stores it in Activation::exception. It stores null, and the failure stays a trap, if the tag
// belongs to another store, the payload does not fit the tag, or there is no memory. throw_from_host() then throws the
// object into the guest that called the host function. No collection may happen between the two calls.
void prepare_throw(Activation& activation, Trap& trap);
[[noreturn]] void throw_from_host(Activation& activation);

// Returns a Trap that describes the exception, without a backtrace. If there is no memory for Trap::exception, the Trap
// lacks this member.
[[nodiscard]] Trap uncaught(Store& store, abi::HeapReference exception);

}  // namespace cairn::runtime

// An activation is one entry of the host into guest code. It holds the data that a trap needs to leave the guest code.
// The trap stores its kind and backtrace in the activation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "abi/entry.hpp"
#include "runtime/calls/trap.hpp"
#include "runtime/code/frame_iterator.hpp"

namespace cairn::runtime {

class CodeImage;
class Store;

// A frame of a backtrace, without the names of module and function. Making a RawFrame needs no allocation, so fault
// handlers may make one.
struct RawFrame {
  const CodeImage* image = nullptr;
  uint32_t function_index = 0;
  uint32_t wasm_offset = 0;
};

// The innermost frames of a thread, and the number of outer frames for which there was no room.
struct Backtrace {
  static constexpr size_t kMaximumFrames = 64;

  std::array<RawFrame, kMaximumFrames> frames;
  uint32_t count = 0;
  uint64_t omitted = 0;

  void add(const GuestFrame& frame);  // if there is no room, only counts the frame
};

struct Activation {
  Store* store = nullptr;
  Activation* previous = nullptr;  // the next outer activation of the same thread
  abi::EntryArguments entry;
  abi::VMStoreState outer;  // the store's state before this entry
  // exit_frame and exit_pc (VMStoreState) of the previous activation's guest code, which called the host function that
  // made this entry.
  const std::byte* caller_exit_frame = nullptr;
  const void* caller_exit_pc = nullptr;

  // Whether a trap or an exception has ended the activation, and what the trap was.
  bool trapped = false;
  wasm::TrapKind kind = wasm::TrapKind::unreachable;
  Backtrace backtrace;
  std::optional<uint64_t> memory_offset;  // as in Trap
  uint64_t memory_length = 0;
  // The exception that ended the activation, or that a host function is about to throw. The reference is not a root.
  abi::HeapReference exception = abi::kNullReference;
  std::optional<Trap> host_trap;  // the trap that a host function is about to raise
};

// Returns the offset in the module's bytes of the instruction that the frame is at; 0 when unknown.
[[nodiscard]] uint32_t wasm_offset_of(const GuestFrame& frame);

// Adds the frames of this activation and of all outer activations to the activation's backtrace.
void walk_frames(Activation& activation, const WalkStart& start);

// Ends the innermost activation with a trap. exit_pc and exit_frame of `state` are those of the guest code that called
// C++. The C++ frames that this function abandons must hold nothing that needs a destructor.
[[noreturn]] void raise_trap(const abi::VMStoreState& state, wasm::TrapKind kind);

}  // namespace cairn::runtime

// An activation is one entry of the host into guest code. It holds what a trap needs to leave the guest code, and the
// trap stores its results here.
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

// A frame of the backtrace before it has been given names; made in fault handlers.
struct RawFrame {
  const CodeImage* image = nullptr;
  uint32_t function_index = 0;
  uint32_t wasm_offset = 0;
};

// The innermost frames of a thread, and the number of frames beyond them.
struct Backtrace {
  static constexpr size_t kMaximumFrames = 64;

  std::array<RawFrame, kMaximumFrames> frames;
  uint32_t count = 0;
  uint64_t omitted = 0;

  void add(const GuestFrame& frame);
};

struct Activation {
  Store* store = nullptr;
  Activation* previous = nullptr;  // the next outer activation of the same thread
  abi::EntryArguments entry;
  abi::VMStoreState outer;  // the store's state before this entry
  // The exit frame of the previous activation's guest code, which called the host function that made this entry.
  const std::byte* caller_exit_frame = nullptr;
  const void* caller_exit_pc = nullptr;

  bool trapped = false;
  wasm::TrapKind kind = wasm::TrapKind::unreachable;
  Backtrace backtrace;
  std::optional<uint64_t> memory_offset;
  uint64_t memory_length = 0;
  // The exception that ended the activation, or that a host function throws; not a root.
  abi::HeapReference exception = abi::kNullReference;
  std::optional<Trap> host_trap;  // the trap that a host function is about to raise
};

// The offset in the module's bytes of the instruction that the frame is at; 0 when unknown.
[[nodiscard]] uint32_t wasm_offset_of(const GuestFrame& frame);

// Fills the activation's backtrace with the frames of this activation and of all outer ones.
void walk_frames(Activation& activation, const WalkStart& start);

// Ends the innermost activation as a trap; `state` names the guest frame that called out (exit_pc, exit_frame). The C++
// frames below the entry must hold nothing that needs a destructor.
[[noreturn]] void raise_trap(const abi::VMStoreState& state, wasm::TrapKind kind);

}  // namespace cairn::runtime

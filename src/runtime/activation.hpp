// One entry of the host into guest code: what a trap needs to find its way out, and where it leaves its findings.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "runtime/entry.hpp"
#include "runtime/trap.hpp"

namespace cairn::runtime {

class CodeImage;
class Store;

// A frame of the backtrace before it has been given names; made in fault handlers.
struct RawFrame {
  const CodeImage* image = nullptr;
  uint32_t function_index = 0;
  uint32_t wasm_offset = 0;
};

struct Activation {
  static constexpr size_t kMaximumFrames = 64;

  Store* store = nullptr;
  Activation* previous = nullptr;  // of the same thread
  EntryArguments entry;
  VMStoreState outer;  // the store's state before this entry

  bool trapped = false;
  wasm::TrapKind kind = wasm::TrapKind::unreachable;
  std::array<RawFrame, kMaximumFrames> frames;
  uint32_t frame_count = 0;
  uint64_t omitted_frames = 0;
  std::optional<uint64_t> memory_offset;
  uint64_t memory_length = 0;
  std::optional<Trap> host_trap;  // of the host function that is about to raise it
};

// Where a walk over guest frames starts: in guest code at `pc`, whose frame's stack pointer, while the body runs, is
// `stack_pointer`. `return_register` is only looked at in leaf functions of targets that have one.
struct WalkStart {
  uintptr_t pc = 0;
  uintptr_t stack_pointer = 0;
  uintptr_t return_register = 0;
  bool is_return_address = false;  // pc is where a call returns to, not a faulting instruction
};

// Fills the activation's frames, through all entries of the host below it. Safe against a damaged stack: reads only inside
// the store's guest stack or the bounds of an entry.
void walk_frames(Activation& activation, const WalkStart& start);

}  // namespace cairn::runtime

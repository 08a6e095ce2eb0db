// Walks the guest frames of a thread, innermost first. Backtraces, unwinding and the collector's scan for roots use it.
// The layout of frames is in compiler/codegen/calling_convention.hpp. The walk neither allocates nor locks. It survives
// a damaged stack, because it reads only inside the guest stack of the store that the current frame belongs to.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "compiler/codegen/object/code_object.hpp"

namespace cairn::runtime {

struct Activation;
class CodeImage;

// Where a walk over guest frames starts: in guest code at `pc`. If `pc` is a return address, `stack_pointer` is the end
// of the argument area of that call; otherwise it is the stack pointer at `pc`. `return_register` is the return address
// register of targets that have one. It is read if `pc` is in a function that has not saved it.
struct WalkStart {
  uintptr_t pc = 0;
  uintptr_t stack_pointer = 0;
  uintptr_t return_register = 0;
  bool is_return_address = false;  // whether pc is a return address, not the address of a faulting instruction
};

struct GuestFrame {
  Activation* activation = nullptr;  // the activation that the frame belongs to
  const CodeImage* image = nullptr;
  const codegen::FunctionRecord* function = nullptr;
  const codegen::CallRecord* call = nullptr;  // the call that the frame is in; null for the innermost frame of a fault
  uint32_t offset = 0;          // offset in the image of the call's return address, or of the instruction that faulted
  uintptr_t stack_pointer = 0;  // the stack pointer while the function's body runs
  // The references that are live across the call (CodeImage::stack_map). A walk without a FrameCache leaves this empty.
  std::span<const int32_t> references;
};

// A cache of the results of look-ups by return address. A walk over a deep stack meets the same return addresses again
// and again.
struct FrameCache {
  struct Entry {
    uintptr_t pc = 0;
    const CodeImage* image = nullptr;
    const codegen::FunctionRecord* function = nullptr;
    const codegen::CallRecord* call = nullptr;
    std::span<const int32_t> references;  // the result of CodeImage::stack_map()
  };
  Entry& entry_of(uintptr_t pc) { return entries[pc / 2 % entries.size()]; }
  std::array<Entry, 256> entries;
};

class FrameIterator {
 public:
  // Starts in guest code at `start`, which runs under `activation`. The walk goes on through all outer activations.
  FrameIterator(Activation& activation, const WalkStart& start);
  // Starts at the frame in which the innermost guest code called a host function or a builtin whose stub notes the
  // frame (VMStoreState::exit_frame). If `innermost` is null, there are no frames.
  explicit FrameIterator(Activation* innermost, FrameCache* cache = nullptr);

  [[nodiscard]] bool at_end() const { return activation_ == nullptr; }
  [[nodiscard]] const GuestFrame& operator*() const { return frame_; }
  [[nodiscard]] const GuestFrame* operator->() const { return &frame_; }
  FrameIterator& operator++();

 private:
  bool enter_frame();        // sets frame_ to the frame at at_; false if there is none or it is an entry from the host
  bool find_caller();        // moves at_ to the caller of frame_
  bool leave_activation();   // moves at_ to the guest code that called the host function which made the activation
  void settle();             // sets frame_ to the frame at at_; leaves activations that have no frame there
  bool enter_known_frame();  // enter_frame() by a look-up in cache_
  bool read(uint64_t address, uint64_t& value) const;  // reads a word of the guest's stack; false if it lies elsewhere

  Activation* activation_ = nullptr;
  FrameCache* cache_ = nullptr;
  WalkStart at_;  // where the next frame is
  GuestFrame frame_;
};

}  // namespace cairn::runtime

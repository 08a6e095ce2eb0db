// Walks the guest frames of a thread, innermost first. Backtraces, unwinding and the collector's scan for roots use it.
// The layout of frames is in compiler/codegen/calling_convention.hpp. The walk neither allocates nor locks, and it
// survives a damaged stack: it reads only inside the guest stack of the store whose frame it is at.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "compiler/codegen/object/code_object.hpp"

namespace cairn::runtime {

struct Activation;
class CodeImage;

// Where a walk over guest frames starts: in guest code at `pc`. `stack_pointer` is the stack pointer of its frame while
// the body of the function runs. `return_register` is read only for leaf functions of targets that have a return
// address register.
struct WalkStart {
  uintptr_t pc = 0;
  uintptr_t stack_pointer = 0;
  uintptr_t return_register = 0;
  bool is_return_address = false;  // pc is a return address, not the address of a faulting instruction
};

struct GuestFrame {
  Activation* activation = nullptr;  // the activation that the frame belongs to
  const CodeImage* image = nullptr;
  const codegen::FunctionRecord* function = nullptr;
  const codegen::CallRecord* call = nullptr;  // the call that the frame is in; null for the innermost frame of a fault
  uint32_t offset = 0;          // in the image: the call's return address, or the instruction that faulted
  uintptr_t stack_pointer = 0;  // while the body runs
  // The references that are live across the call (CodeImage::stack_map); only with a FrameCache.
  std::span<const int32_t> references;
};

// A cache of what recent look-ups found for return addresses. A walk over a deep stack meets the same return addresses
// again and again.
struct FrameCache {
  struct Entry {
    uintptr_t pc = 0;
    const CodeImage* image = nullptr;
    const codegen::FunctionRecord* function = nullptr;
    const codegen::CallRecord* call = nullptr;
    std::span<const int32_t> references;  // CodeImage::stack_map
  };
  Entry& entry_of(uintptr_t pc) { return entries[pc / 2 % entries.size()]; }
  std::array<Entry, 256> entries;
};

class FrameIterator {
 public:
  // Starts in guest code at `start`, which runs under `activation`. The walk goes on through all outer activations.
  FrameIterator(Activation& activation, const WalkStart& start);
  // Starts at the frame in which the innermost guest code called a host function or a builtin that is marked `exit`.
  // Null: there are no frames.
  explicit FrameIterator(Activation* innermost, FrameCache* cache = nullptr);

  [[nodiscard]] bool at_end() const { return activation_ == nullptr; }
  [[nodiscard]] const GuestFrame& operator*() const { return frame_; }
  [[nodiscard]] const GuestFrame* operator->() const { return &frame_; }
  FrameIterator& operator++();

 private:
  bool enter_frame();  // describes the frame at at_; false if there is none or if it is the host's entry
  bool find_caller();  // moves at_ to the caller of the frame
  bool leave_activation();
  void settle();  // moves at_ to the next guest frame and skips entries of the host
  bool enter_known_frame();
  bool read(uint64_t address, uint64_t& value) const;

  Activation* activation_ = nullptr;
  FrameCache* cache_ = nullptr;
  WalkStart at_;
  GuestFrame frame_;
};

}  // namespace cairn::runtime

// The guest frames of a thread, innermost first: what backtraces, unwinding and the collector's scan for roots share.
// The layout is in compiler/codegen/calling_convention.hpp. It neither allocates nor locks, and survives a damaged
// stack: it reads only inside the guest stack of the store whose frame it is at.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "compiler/codegen/object/code_object.hpp"

namespace cairn::runtime {

struct Activation;
class CodeImage;

// Where a walk over guest frames starts: in guest code at `pc`, whose frame's stack pointer, while the body runs, is
// `stack_pointer`. `return_register` is only looked at in leaf functions of targets that have one.
struct WalkStart {
  uintptr_t pc = 0;
  uintptr_t stack_pointer = 0;
  uintptr_t return_register = 0;
  bool is_return_address = false;  // pc is where a call returns to, not a faulting instruction
};

struct GuestFrame {
  Activation* activation = nullptr;  // the entry of the host that it runs under
  const CodeImage* image = nullptr;
  const codegen::FunctionRecord* function = nullptr;
  const codegen::CallRecord* call = nullptr;  // that it is in; null: the innermost frame of a fault
  uint32_t offset = 0;                  // in the image: the call's return address, or the instruction that faulted
  uintptr_t stack_pointer = 0;          // while the body runs
  std::span<const int32_t> references;  // of the call: CodeImage::stack_map; only with a FrameCache
};

// What was found for return addresses lately, for walks over deep stacks: much the same frames come again and again.
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
  // From guest code at `start` that runs under `activation`, through all entries of the host below it.
  FrameIterator(Activation& activation, const WalkStart& start);
  // From where the innermost guest code left for a host function or a builtin that is marked `exit`; null: no frames.
  explicit FrameIterator(Activation* innermost, FrameCache* cache = nullptr);

  [[nodiscard]] bool at_end() const { return activation_ == nullptr; }
  [[nodiscard]] const GuestFrame& operator*() const { return frame_; }
  [[nodiscard]] const GuestFrame* operator->() const { return &frame_; }
  FrameIterator& operator++();

 private:
  bool enter_frame();  // describes the frame at at_; false: there is none, or the host's entry
  bool find_caller();  // moves at_ to the caller of the frame
  bool leave_activation();
  void settle();  // at_ to the next frame, over entries of the host
  bool enter_known_frame();
  bool read(uint64_t address, uint64_t& value) const;

  Activation* activation_ = nullptr;
  FrameCache* cache_ = nullptr;
  WalkStart at_;
  GuestFrame frame_;
};

}  // namespace cairn::runtime

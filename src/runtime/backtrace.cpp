// Walking guest frames by the code objects' tables; the layout is in compiler/codegen/calling_convention.hpp.
#include "platform/platform.hpp"
#include "runtime/activation.hpp"
#include "runtime/code_image.hpp"
#include "runtime/store.hpp"

namespace cairn::runtime {

namespace {

constexpr bool kReturnAddressOnStack = platform::Platform::kArchitecture == compiler::Architecture::x86_64;

class Walker {
 public:
  explicit Walker(Activation& activation) : activation_(activation), code_(activation.store->engine().code()) {
    const std::span<std::byte> stack = activation.store->stack();
    stack_begin_ = reinterpret_cast<uintptr_t>(stack.data());
    stack_end_ = stack_begin_ + stack.size();
  }

  // Walks from guest code at `start` to the entry of the host below it.
  void walk(WalkStart at) {
    for (;;) {
      const CodeImage* image = code_.find(at.is_return_address ? at.pc - 1 : at.pc);
      if (image == nullptr || image->module == nullptr) return;  // a trampoline: the host's entry
      const auto offset = static_cast<uint32_t>(at.pc - image->begin());
      const codegen::FunctionRecord* function = image->find_function(at.is_return_address ? offset - 1 : offset);
      if (function == nullptr || function->function_index == codegen::kTrampoline) return;
      uint32_t wasm_offset = 0;
      uint64_t stack_pointer = at.stack_pointer;
      if (at.is_return_address) {
        const codegen::CallRecord* call = image->find_call(offset);
        if (call == nullptr) return;
        wasm_offset = call->wasm_offset;
        // `at.stack_pointer` is the end of the argument area that the callee popped.
        stack_pointer -= call->argument_bytes;
      } else if (const codegen::TrapRecord* trap = image->find_trap(offset)) {
        wasm_offset = trap->wasm_offset;
      } else if (const codegen::CallRecord* call = image->find_call_at(offset)) {
        wasm_offset = call->wasm_offset;  // the call's push of the return address hit the guard page
      }
      add(*image, function->function_index, wasm_offset);

      const bool in_frame = at.is_return_address || offset >= function->frame_begin;
      uint64_t frame_end = stack_pointer + (in_frame ? function->frame_bytes : 0);
      uint64_t return_address = 0;
      if (kReturnAddressOnStack) {
        if (!read(frame_end, return_address)) return;
        frame_end += 8;
      } else if (!at.is_return_address && (offset < function->body_begin ||
                                           (function->flags & codegen::kReturnAddressInRegister) != 0)) {
        return_address = at.return_register;
      } else if (!read(frame_end - 8, return_address)) {
        return;
      }
      uint64_t arguments_end = frame_end + function->argument_bytes;
      if (return_address == reinterpret_cast<uintptr_t>(activation_.store->engine().tail_call_restore())) {
        // A tail call into another instance left {VMContext, return address} above the arguments.
        if (!read(arguments_end + 8, return_address)) return;
        arguments_end += 16;
      }
      at = {.pc = return_address, .stack_pointer = arguments_end, .return_register = 0, .is_return_address = true};
    }
  }

 private:
  bool read(uint64_t address, uint64_t& value) const {
    if (address < stack_begin_ || address > stack_end_ - 8 || address % 8 != 0) return false;
    value = *reinterpret_cast<const uint64_t*>(address);
    return true;
  }

  void add(const CodeImage& image, uint32_t function, uint32_t wasm_offset) {
    if (activation_.frame_count == Activation::kMaximumFrames) {
      ++activation_.omitted_frames;
      return;
    }
    activation_.frames[activation_.frame_count++] = {&image, function, wasm_offset};
  }

  Activation& activation_;
  const CodeRegistry& code_;
  uintptr_t stack_begin_;
  uintptr_t stack_end_;
};

}  // namespace

void walk_frames(Activation& activation, const WalkStart& start) {
  Walker walker(activation);
  walker.walk(start);
  // Entries from host functions that this store's guest called: their guest callers come next.
  for (const Activation* inner = &activation; inner->previous != nullptr && inner->previous->store == activation.store;
       inner = inner->previous) {
    walker.walk({.pc = reinterpret_cast<uintptr_t>(inner->outer.exit_pc),
                 .stack_pointer = reinterpret_cast<uintptr_t>(inner->outer.exit_frame),
                 .return_register = 0,
                 .is_return_address = true});
  }
}

}  // namespace cairn::runtime

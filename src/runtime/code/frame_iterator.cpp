#include "runtime/code/frame_iterator.hpp"

#include "platform/platform.hpp"
#include "runtime/code/activation.hpp"
#include "runtime/code/code_image.hpp"
#include "runtime/store.hpp"

namespace cairn::runtime {

namespace {

constexpr bool kReturnAddressOnStack = platform::Platform::kArchitecture == compiler::Architecture::x86_64;

WalkStart exit_of(const std::byte* frame, const void* pc) {
  return {.pc = reinterpret_cast<uintptr_t>(pc),
          .stack_pointer = reinterpret_cast<uintptr_t>(frame),
          .return_register = 0,
          .is_return_address = true};
}

}  // namespace

FrameIterator::FrameIterator(Activation& activation, const WalkStart& start) : activation_(&activation), at_(start) {
  settle();
}

FrameIterator::FrameIterator(Activation* innermost, FrameCache* cache) : activation_(innermost), cache_(cache) {
  if (activation_ == nullptr) return;
  const abi::VMStoreState& state = activation_->store->state();
  at_ = exit_of(state.exit_frame, state.exit_pc);
  settle();
}

FrameIterator& FrameIterator::operator++() {
  if (find_caller() || leave_activation()) settle();
  return *this;
}

void FrameIterator::settle() {
  while (!enter_frame() && leave_activation()) {
  }
}

bool FrameIterator::leave_activation() {
  const Activation& left = *activation_;
  activation_ = left.previous;
  at_ = exit_of(left.caller_exit_frame, left.caller_exit_pc);
  return activation_ != nullptr;
}

// Sets frame_ from the cache entry of the return address; false if the cache does not have this address.
bool FrameIterator::enter_known_frame() {
  const FrameCache::Entry& entry = cache_->entry_of(at_.pc);
  if (entry.pc != at_.pc) return false;
  const auto offset = static_cast<uint32_t>(at_.pc - entry.image->begin());
  frame_ = {activation_,     entry.image, entry.function,
            entry.call,      offset,      at_.stack_pointer - entry.call->argument_bytes,
            entry.references};
  return true;
}

bool FrameIterator::enter_frame() {
  if (cache_ != nullptr && at_.is_return_address && enter_known_frame()) return true;
  const CodeImage* image = activation_->store->engine().code().find(at_.is_return_address ? at_.pc - 1 : at_.pc);
  if (image == nullptr || image->module == nullptr) return false;  // the trampoline of an entry from the host
  const auto offset = static_cast<uint32_t>(at_.pc - image->begin());
  const codegen::FunctionRecord* function = image->find_function(at_.is_return_address ? offset - 1 : offset);
  if (function == nullptr || function->function_index == codegen::kTrampoline) return false;
  frame_ = {activation_, image, function, nullptr, offset, at_.stack_pointer, {}};
  if (at_.is_return_address) {
    frame_.call = image->find_call(offset);
    if (frame_.call == nullptr) return false;
    // The callee popped its argument area, and `at_.stack_pointer` is the end of this area.
    frame_.stack_pointer -= frame_.call->argument_bytes;
    if (cache_ != nullptr) {
      frame_.references = image->stack_map(offset);
      cache_->entry_of(at_.pc) = {at_.pc, image, function, frame_.call, frame_.references};
    }
  }
  return true;
}

// On x86-64, the return address lies just above the frame. On RV64, it is in the highest word of the frame, unless it
// is still in the return address register. Above these words lie the `argument_bytes` of stack arguments.
bool FrameIterator::find_caller() {
  const codegen::FunctionRecord& function = *frame_.function;
  const bool in_frame = frame_.call != nullptr || frame_.offset >= function.frame_begin;
  uint64_t frame_end = frame_.stack_pointer + (in_frame ? function.frame_bytes : 0);
  uint64_t return_address = 0;
  if (kReturnAddressOnStack) {
    if (!read(frame_end, return_address)) return false;
    frame_end += 8;
  } else if (frame_.call == nullptr &&
             (frame_.offset < function.body_begin || (function.flags & codegen::kReturnAddressInRegister) != 0)) {
    return_address = at_.return_register;
  } else if (!read(frame_end - 8, return_address)) {
    return false;
  }
  uint64_t arguments_end = frame_end + function.argument_bytes;
  if (return_address == reinterpret_cast<uintptr_t>(activation_->store->engine().tail_call_restore())) {
    // A tail call into another instance left {VMContext, return address} above the arguments.
    if (!read(arguments_end + 8, return_address)) return false;
    arguments_end += 16;
  }
  at_ = {.pc = return_address, .stack_pointer = arguments_end, .return_register = 0, .is_return_address = true};
  return true;
}

bool FrameIterator::read(uint64_t address, uint64_t& value) const {
  const std::span<std::byte> stack = activation_->store->stack();
  const auto begin = reinterpret_cast<uintptr_t>(stack.data());
  if (address < begin || address > begin + stack.size() - 8 || address % 8 != 0) return false;
  value = *reinterpret_cast<const uint64_t*>(address);
  return true;
}

}  // namespace cairn::runtime

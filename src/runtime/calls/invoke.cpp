// Enters guest code from the host, and leaves guest code by traps.
#include <cstring>

#include "abi/host_stack.hpp"
#include "base/operation.hpp"
#include "platform/platform.hpp"
#include "runtime/calls/exceptions.hpp"
#include "runtime/code/activation.hpp"
#include "runtime/code/code_image.hpp"
#include "runtime/module.hpp"
#include "runtime/platform.hpp"
#include "runtime/store.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {

// Gives names to the frames of a backtrace.
Result<std::vector<TrapFrame>> name_frames(const Backtrace& backtrace) {
  return run_operation([&] {
    std::vector<TrapFrame> frames;
    for (uint32_t i = 0; i < backtrace.count; ++i) {
      const RawFrame& raw = backtrace.frames[i];
      const wasm::Module& module = raw.image->module->definition();
      TrapFrame frame;
      frame.function_index = raw.function_index;
      frame.wasm_offset = raw.wasm_offset;
      frame.function_name = module.function_name(wasm::FuncIndex(raw.function_index));
      frame.module_name = module.names.module;
      frames.push_back(std::move(frame));
    }
    return frames;
  });
}

// Returns the trap that ended the activation. If there is no memory for names and frames, they are left out.
Trap take_trap(Activation& activation) {
  Trap trap = Trap::of(activation.kind);
  if (activation.exception != abi::kNullReference) {
    trap = uncaught(*activation.store, activation.exception);
    trap.frames = std::move(activation.store->throw_trace().given);
  } else if (activation.host_trap) {
    trap = *std::move(activation.host_trap);
  }
  // If a host function passes on a trap from guest code that it called, the trap already has its frames, from the
  // innermost guest code on.
  if (!trap.frames.empty()) return trap;
  Result<std::vector<TrapFrame>> frames = name_frames(activation.backtrace);
  if (frames) trap.frames = *std::move(frames);
  trap.omitted_frames = activation.backtrace.omitted + activation.backtrace.count - trap.frames.size();
  trap.memory_offset = activation.memory_offset;
  trap.memory_length = activation.memory_length;
  return trap;
}

// Returns the upper end of the free part of the guest's stack, which is below the frames of this store's guest code
// that called the host.
std::byte* free_stack_end(std::span<std::byte> stack, const abi::VMStoreState& state) {
  std::byte* end = stack.data() + stack.size();
  if (state.entry_frame != nullptr) std::memcpy(&end, state.entry_frame + abi::kGuestStackPointer, sizeof end);
  CAIRN_ASSERT(end > stack.data() && end <= stack.data() + stack.size() && reinterpret_cast<uintptr_t>(end) % 16 == 0);
  return end;
}

}  // namespace

// Trampolines are not C++ functions, so they lack the type that UBSan looks for in front of a callee.
__attribute__((no_sanitize("function"))) std::expected<void, Trap> Store::invoke(const abi::VMFuncRef& function,
                                                                                 std::byte* values) {
  // If host functions call guest code again and again, both stacks grow, and the host's stack may end first.
  const auto* const host_stack = static_cast<const std::byte*>(__builtin_frame_address(0));
  if (host_stack < Platform::host_stack_limit() + abi::kHostStackReserve)
    return std::unexpected(Trap::of(wasm::TrapKind::call_stack_exhausted));

  Activation activation;
  activation.store = this;
  activation.previous = Platform::activation();
  activation.outer = state_;
  activation.entry.code = function.code;
  activation.entry.context = function.context;
  activation.entry.values = values;
  if (activation.previous != nullptr) {
    const abi::VMStoreState& caller = activation.previous->store->state();
    activation.caller_exit_frame = caller.exit_frame;
    activation.caller_exit_pc = caller.exit_pc;
  }
  activation.entry.stack_top = free_stack_end(stack_, state_);

  const CanonicalId type(function.type_id);
  using Entry = void (*)(abi::EntryArguments*);
  const auto entry = std::bit_cast<Entry>(engine_.trampolines(type).entry);
  Platform::set_activation(&activation);
  entry(&activation.entry);
  Platform::set_activation(activation.previous);
  const abi::VMAllocation allocation = state_.allocation;  // keeps the objects that the guest has allocated
  state_ = activation.outer;
  state_.allocation = allocation;
  if (activation.trapped) {
    // The guest code was at an arbitrary instruction or in the stub of the write barrier, so it may have stored a
    // reference without reporting it.
    const bool is_abrupt =
        activation.kind == wasm::TrapKind::interrupted || activation.kind == wasm::TrapKind::call_stack_exhausted;
    if (is_abrupt && heap_ != nullptr) heap_->distrust_reports();
    return std::unexpected(take_trap(activation));
  }
  return {};
}

FaultResolution resolve_fault(const MachineFault& fault) {
  Activation* activation = Platform::activation();
  if (activation == nullptr) return {};
  Store& store = *activation->store;
  const CodeImage* image = store.engine().code().find(fault.pc);
  if (image == nullptr) return {};
  const auto offset = static_cast<uint32_t>(fault.pc - image->begin());

  const auto stack_begin = reinterpret_cast<uintptr_t>(store.stack().data());
  const codegen::TrapRecord* record = image->find_trap(offset);
  if (fault.stack_memory != 0 && image->module == nullptr) {
    // A trampoline or stub may use the reserve that the stack still has. So that the reserve lasts, guest code does not
    // call C++ again from there.
    store.state().stack_limit = reinterpret_cast<const std::byte*>(fault.stack_memory) + abi::kGuestStackReserve;
    return {};
  }
  if (fault.stack_memory != 0 || (fault.kind == FaultKind::access && fault.address < stack_begin &&
                                  fault.address >= stack_begin - kStackGuardBytes)) {
    activation->kind = wasm::TrapKind::call_stack_exhausted;
  } else if (record != nullptr) {
    activation->kind = static_cast<wasm::TrapKind>(record->kind);
  } else {
    return {};
  }
  if (fault.kind == FaultKind::access && activation->kind == wasm::TrapKind::out_of_bounds_memory_access) {
    for (const MemoryObject& memory : store.memories()) {
      const auto base = reinterpret_cast<uintptr_t>(memory.reservation.data());
      if (fault.address >= base && fault.address - base < memory.reservation.size()) {
        activation->memory_offset = fault.address - base;
        activation->memory_length = memory.length();
      }
    }
  }
  activation->trapped = true;
  if (image->module == nullptr) {
    // The fault was in a stub, which has noted the innermost guest frame in exit_frame and exit_pc.
    for (FrameIterator at(activation); !at.at_end(); ++at) activation->backtrace.add(*at);
  } else {
    walk_frames(*activation,
                {.pc = fault.pc, .stack_pointer = fault.stack_pointer, .return_register = fault.return_register});
  }
  return {.is_guest_trap = true,
          .pc = reinterpret_cast<uintptr_t>(activation->entry.trap_resume),
          .stack_pointer = reinterpret_cast<uintptr_t>(activation->entry.saved_stack_pointer)};
}

FaultResolution resolve_interrupt(const MachineFault& where) {
  Activation* activation = Platform::activation();
  if (activation == nullptr) return {};
  const CodeImage* image = activation->store->engine().code().find(where.pc);
  if (image == nullptr || image->module == nullptr) return {};
  const codegen::FunctionRecord* function = image->find_function(static_cast<uint32_t>(where.pc - image->begin()));
  if (function == nullptr || function->function_index == codegen::kTrampoline) return {};
  activation->kind = wasm::TrapKind::interrupted;
  activation->trapped = true;
  // The backtrace lists only the function itself. At an arbitrary instruction the function's frame may be half made, so
  // the caller cannot be found.
  activation->backtrace.count = 1;
  activation->backtrace.frames[0] = {.image = image, .function_index = function->function_index};
  return {.is_guest_trap = true,
          .pc = reinterpret_cast<uintptr_t>(activation->entry.trap_resume),
          .stack_pointer = reinterpret_cast<uintptr_t>(activation->entry.saved_stack_pointer)};
}

void raise_trap(const abi::VMStoreState& state, wasm::TrapKind kind) {
  Activation& activation = *Platform::activation();
  activation.kind = kind;
  activation.trapped = true;
  walk_frames(activation, {.pc = reinterpret_cast<uintptr_t>(state.exit_pc),
                           .stack_pointer = reinterpret_cast<uintptr_t>(state.exit_frame),
                           .return_register = 0,
                           .is_return_address = true});
  Platform::resume(activation.entry.trap_resume, activation.entry.saved_stack_pointer);
  CAIRN_UNREACHABLE();
}

}  // namespace cairn::runtime

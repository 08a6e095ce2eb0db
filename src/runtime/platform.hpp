// What the runtime needs of the machine: the one seam between the engine and a kernel or operating system.
//
// Each build has exactly one implementation, `cairn::platform::Platform` in "platform/platform.hpp", found by include
// path (src/host for Linux processes, src/kernel in the kernels). All functions are static; all sizes are multiples of
// kPageSize unless said otherwise.
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "compiler/options/options.hpp"

namespace cairn::runtime {

struct Activation;  // runtime/code/activation.hpp

// A hardware fault, as the platform's handler saw it, and what is to happen next.
enum class FaultKind : uint8_t { access, illegal_instruction, arithmetic };

struct MachineFault {
  FaultKind kind = FaultKind::access;
  uintptr_t pc = 0;
  uintptr_t stack_pointer = 0;
  uintptr_t address = 0;          // access: what was touched
  uintptr_t return_register = 0;  // RV64: ra
};

struct FaultResolution {
  bool is_guest_trap = false;  // false: not ours; a bug or someone else's fault
  uintptr_t pc = 0;            // continue here, with this stack pointer
  uintptr_t stack_pointer = 0;
};

// Called by the platform's fault handler, on whatever stack that runs. Allocates nothing and takes no lock.
FaultResolution resolve_fault(const MachineFault& fault);

// Called by the platform when guest code has run for long enough, with where the thread is: its innermost guest call
// ends with the trap `interrupted`. Not a guest trap when something else is running there, such as a trampoline or the
// runtime: then nothing happens, and the platform tries again a little later. The same rules hold as for resolve_fault.
FaultResolution resolve_interrupt(const MachineFault& where);

// How a thread that was parked came to run again.
enum class ParkResult : uint8_t {
  unparked,  // the word is not 0 any more
  timed_out,
  deadlocked,  // there was no timeout, and no thread that could end it
};

// At least so many bytes below every stack fault.
inline constexpr size_t kStackGuardBytes = 64 * 1024;

template <class P>
concept PlatformContract =
    requires(std::span<std::byte> span, size_t bytes, Activation* activation, const void* pc,
             const std::byte* stack_pointer, std::atomic<uint32_t>& word, std::optional<uint64_t> nanoseconds) {
      { P::kPageSize } -> std::convertible_to<size_t>;

      // How many bytes of addresses there are for reserve() and the others in all, as far as can be counted on.
      { P::address_space() } -> std::same_as<uint64_t>;
      // Address space without access and without memory behind it.
      { P::reserve(bytes) } -> std::same_as<Result<std::span<std::byte>>>;
      // Makes part of a reservation readable and writable; its pages read as zero until written, and may be filled on
      // first touch. Fails (ErrorKind::resource) rather than let a later touch fail for want of memory.
      { P::commit(span) } -> std::same_as<Result<void>>;
      // Takes the memory of committed pages away: they have no access any more, and read as zero when committed again.
      { P::decommit(span) } -> std::same_as<void>;
      // Gives a whole reservation back, committed or not.
      { P::release(span) } -> std::same_as<void>;

      // A stack: the usable part, below which lie kStackGuardBytes or more that always fault. Filled on first touch.
      { P::allocate_stack(bytes) } -> std::same_as<Result<std::span<std::byte>>>;
      { P::release_stack(span) } -> std::same_as<void>;

      // Memory for code: writable until sealed, from then on never again. seal_code makes the pages that hold the first
      // `bytes` bytes executable and read-only and the others read-only, and makes instruction fetch see them.
      { P::allocate_code(bytes) } -> std::same_as<Result<std::span<std::byte>>>;
      { P::seal_code(span, bytes) } -> std::same_as<void>;
      { P::release_code(span) } -> std::same_as<void>;

      // The innermost guest activation of the running thread.
      { P::activation() } -> std::same_as<Activation*>;
      { P::set_activation(activation) } -> std::same_as<void>;

      // Makes faults of the calling thread reach resolve_fault; idempotent.
      { P::prepare_thread() } -> std::same_as<void>;

      // Blocks the calling thread while `word` is 0, at most so long. unpark, after the word was set, runs every thread
      // that is parked on it; it looks at the word's address only, for the word may be gone by then.
      { P::park(word, nanoseconds) } -> std::same_as<ParkResult>;
      { P::unpark(word) } -> std::same_as<void>;

      // The lowest address of the stack that the calling thread's C++ runs on: mapped as far as that, and guarded
      // below.
      { P::host_stack_limit() } -> std::same_as<const std::byte*>;

      // Time that never goes back, since some start.
      { P::nanoseconds() } -> std::same_as<uint64_t>;

      // Continues at `pc` on `stack_pointer`, dropping the frames below; does not return.
      { P::resume(pc, stack_pointer) } -> std::same_as<void>;

      // The architecture that this build runs on and the optional instruction sets that the CPU has.
      { P::kArchitecture } -> std::convertible_to<compiler::Architecture>;
      { P::cpu_features() } -> std::same_as<compiler::CpuFeatures>;
    };

}  // namespace cairn::runtime

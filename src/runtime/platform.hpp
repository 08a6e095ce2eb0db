// The interface by which the runtime uses the machine. The runtime reaches a kernel or operating system only through
// this interface and the one in time_limit.hpp (INV-1).
//
// Each build has exactly one implementation, `cairn::platform::Platform` in "platform/platform.hpp". The include path
// selects src/host for Linux processes and src/kernel for the kernels. All functions are static. All sizes are
// multiples of kPageSize except those of code.
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

struct Activation;  // one entry of the host into guest code (runtime/code/activation.hpp)

// The kind of a hardware fault.
enum class FaultKind : uint8_t { access, illegal_instruction, arithmetic };

// A hardware fault as the platform's fault handler sees it.
struct MachineFault {
  FaultKind kind = FaultKind::access;
  uintptr_t pc = 0;
  uintptr_t stack_pointer = 0;
  uintptr_t address = 0;  // for kind `access`: the address that was accessed
  // For an access to the stack of guest code: 0, or, if there is no memory to let the stack grow, the lowest address
  // for which there is memory.
  uintptr_t stack_memory = 0;
  uintptr_t return_register = 0;  // value of the return address register (RV64 ra); 0 on x86-64
};

// The runtime's decision on how to continue after a fault.
struct FaultResolution {
  // False if guest code did not cause the fault. Then the fault is a bug, or other code of the process handles it.
  bool is_guest_trap = false;
  uintptr_t pc = 0;             // for a guest trap: where execution continues
  uintptr_t stack_pointer = 0;  // for a guest trap: the stack pointer with which execution continues
};

// Decides how to continue after a fault. The platform's fault handler calls this function on the handler's stack. The
// function allocates nothing and takes no lock.
FaultResolution resolve_fault(const MachineFault& fault);

// Ends the innermost guest call with the trap `interrupted`. The platform calls this function when a time limit has
// passed; `where` is the state of the thread. If the thread runs other code, such as a trampoline or the runtime, the
// result is not a guest trap, and the platform tries again a little later. The function allocates nothing and takes no
// lock.
FaultResolution resolve_interrupt(const MachineFault& where);

// The reason why a parked thread runs again.
enum class ParkResult : uint8_t {
  unparked,    // the word is not 0 any more
  timed_out,   // the timeout has passed, or a time limit of the thread has ended (time_limit.hpp)
  deadlocked,  // there was no timeout, and no other thread could have unparked it
};

// At least this many bytes directly below every guest stack can never be accessed. Guest code cannot step over this
// guard, because a function whose frame is larger than a page touches each page of the frame first.
inline constexpr size_t kStackGuardBytes = 64 * 1024;

template <class P>
concept PlatformContract =
    requires(std::span<std::byte> span, size_t bytes, Activation* activation, const void* pc,
             const std::byte* stack_pointer, std::atomic<uint32_t>& word, std::optional<uint64_t> nanoseconds) {
      { P::kPageSize } -> std::convertible_to<size_t>;

      // The number of bytes of address space that is available to reserve() and the functions that allocate stacks and
      // code.
      { P::address_space() } -> std::same_as<uint64_t>;
      // Reserves address space. It cannot be accessed and takes no memory until commit().
      { P::reserve(bytes) } -> std::same_as<Result<std::span<std::byte>>>;
      // Makes part of a reservation readable and writable. Its pages read as zero until written, and may be filled (get
      // memory) on first touch. Fails (ErrorKind::resource) if there may not be enough memory for all pages, so that no
      // later touch fails.
      { P::commit(span) } -> std::same_as<Result<void>>;
      // Frees the memory of committed pages. The pages cannot be accessed any more, and read as zero when they are
      // committed again.
      { P::decommit(span) } -> std::same_as<void>;
      // Releases a whole reservation, committed or not.
      { P::release(span) } -> std::same_as<void>;

      // Allocates a guest stack and returns its usable part, whose pages are filled on first touch. If there is no
      // memory then, the touch is a fault with MachineFault::stack_memory. Every access to the kStackGuardBytes below
      // the usable part faults.
      { P::allocate_stack(bytes) } -> std::same_as<Result<std::span<std::byte>>>;
      { P::release_stack(span) } -> std::same_as<void>;

      // allocate_code allocates memory for code, which is writable until seal_code and never again after that.
      // seal_code makes the pages that hold the first `bytes` bytes executable and read-only, and the other pages
      // read-only. It also makes instruction fetch see the code. It returns false if there was no memory; then the code
      // can only be released. `bytes` need not be a multiple of kPageSize.
      { P::allocate_code(bytes) } -> std::same_as<Result<std::span<std::byte>>>;
      { P::seal_code(span, bytes) } -> std::same_as<bool>;
      { P::release_code(span) } -> std::same_as<void>;

      // Gets and sets the innermost guest activation of the running thread.
      { P::activation() } -> std::same_as<Activation*>;
      { P::set_activation(activation) } -> std::same_as<void>;

      // Makes faults of the calling thread reach resolve_fault. May be called several times on a thread.
      { P::prepare_thread() } -> std::same_as<void>;

      // park blocks the calling thread while `word` is 0, for at most the given time, and not after the time of the
      // thread's TimeLimit is over. unpark is called after the word was set and wakes every thread that is parked on
      // it. unpark uses only the word's address, because the word may not exist any more.
      { P::park(word, nanoseconds) } -> std::same_as<ParkResult>;
      { P::unpark(word) } -> std::same_as<void>;
      // Blocks the calling thread while `word` is 0, until unpark(word). Unlike park, it does not return when the time
      // of a TimeLimit is over.
      { P::block(word) } -> std::same_as<void>;
      // Called now and then by long computations. Lets other threads run if it is their turn. Returns false when the
      // time of the thread's TimeLimit is over, so that the computation should end.
      { P::go_on() } -> std::same_as<bool>;

      // The lowest address of the stack that the calling thread's C++ code runs on. The stack is mapped down to this
      // address and guarded below.
      { P::host_stack_limit() } -> std::same_as<const std::byte*>;

      // The nanoseconds of a monotonic clock since an arbitrary start.
      { P::nanoseconds() } -> std::same_as<uint64_t>;

      // Continues at `pc` with the given stack pointer and drops the frames below it. Does not return.
      { P::resume(pc, stack_pointer) } -> std::same_as<void>;

      // The architecture that this build runs on and the optional instruction sets that the CPU has.
      { P::kArchitecture } -> std::convertible_to<compiler::Architecture>;
      { P::cpu_features() } -> std::same_as<compiler::CpuFeatures>;
    };

}  // namespace cairn::runtime

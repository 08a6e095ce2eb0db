// The kernel's memory as a whole: frames, the page table, the address space and the heap of this machine.
#pragma once

#include <span>

#include "base/result.hpp"
#include "kernel/memory/address_space.hpp"
#include "kernel/memory/frame_source.hpp"
#include "port/layout.hpp"
#include "port/paging.hpp"

namespace cairn {
struct OperationRecord;
}

namespace cairn::kernel {

struct BootInfo;

using KernelPageTable = PageTable<PageFormat, FrameSource, Tlb>;
using KernelAddressSpace = AddressSpace<KernelPageTable>;
using LockedAddressSpace = Locked<KernelAddressSpace, SpinLock, LockRank::address_space>;

inline constexpr DirectMap kDirectMap(layout::kDirectMap);

// Sets up all memory management. After this call, operator new works, and the page tables that entry.S made are freed.
void initialize_memory(const BootInfo& info);

FrameSource& frame_source();
LockedAddressSpace& address_space();
// The bounds of the lower half, where guests' memories, stacks and code lie.
VirtAddr guest_addresses_start();
VirtAddr guest_addresses_end();

// Makes the Error of a failure. It allocates, so no spin lock may be held.
Error to_error(const SpaceFailure& failure);
// Runs a function on the address space under its lock. A failure is converted to an Error after the lock is released.
template <class F>
auto in_address_space(F&& function) {
  auto result = address_space().with(std::forward<F>(function));
  return std::move(result).transform_error([](const SpaceFailure& failure) { return to_error(failure); });
}

// Maps the registers of a device in the kernel's half.
Result<volatile std::byte*> map_device(PhysRange registers);
// These functions allocate, seal and release memory for guest code, in whole pages (memory/code_memory.hpp). seal_code
// makes the first `text` bytes executable. The memory belongs to the current account.
Result<std::span<std::byte>> allocate_code(uint64_t size, uint64_t alignment);
void seal_code(std::span<std::byte> code, uint64_t text);
void release_code(std::span<std::byte> code);
// Allocates from the heap for the current account; returns null when there is no memory. No spin lock may be held.
void* allocate_bytes(size_t size, size_t alignment, Claim claim);
// Frees what allocate_bytes() has returned; ignores null. No spin lock may be held.
void free_bytes(void* pointer);
// begin_operation() begins an operation (base/operation.hpp), which belongs to the current account. keep_operation()
// ends it and makes its allocations ordinary ones; drop_operation() ends it and frees all of them.
void begin_operation(OperationRecord& record);
void keep_operation(OperationRecord& record);
void drop_operation(OperationRecord& record);
// Does what AddressSpace::decommit() and release() do, in portions, between which the lock is free: what the lock's
// holder does must not take long. Nothing else may use the memory meanwhile.
void decommit(VirtAddr start, uint64_t size);
void release(VirtAddr reservation);

// Sets the function that plain operator new calls when it finds no memory. `end` receives the requested size and ends
// the kernel without allocating. Several fibers may call it. The default is a panic.
void end_without_memory(void (*end)(size_t size));
// Calls that function.
[[noreturn]] void out_of_memory(size_t size);

// Translates an address by the page table. Works in a panic because it takes no lock; returns nothing before
// initialize_memory.
std::optional<Translation> translate(VirtAddr address);
// Whether initialize_memory has returned.
bool is_memory_ready();

// Returns the current account, which is charged for what the running fiber allocates.
MemoryAccount& current_account();
inline Charge charge_for(Use use) { return {.account = current_account().number(), .use = use}; }

// While an AccountScope exists, its account is the current one; null stands for the system's account. Scopes nest. No
// operation may run when a scope begins or ends.
class [[nodiscard]] AccountScope {
 public:
  explicit AccountScope(MemoryAccount* account);
  ~AccountScope();
  AccountScope(const AccountScope&) = delete;
  AccountScope& operator=(const AccountScope&) = delete;

 private:
  MemoryAccount* previous_;
};

// add_account() adds an account to those of the machine, and returns false if there are too many. remove_account()
// removes an account that holds no memory.
[[nodiscard]] bool add_account(MemoryAccount& account);
void remove_account(MemoryAccount& account);
// Promises an account this many bytes in all, rounded up to frames: as long as it has less, others leave the rest to
// it. Returns false, and changes nothing, if so much is not available. 0 ends the promise.
[[nodiscard]] bool promise_minimum(MemoryAccount& account, uint64_t bytes);
// Frees the heap's slabs of an account that hold no object. Returns the number of bytes in the account's objects.
uint64_t release_unused(MemoryAccount& account);
AccountState state_of(const MemoryAccount& account);
// Copies the counters of all accounts, the system's first, as far as there is room. Returns the number of accounts.
size_t read_accounts(std::span<AccountState> states);
// Whether the accounts together hold exactly the frames that are in use, and agree with the counts of the heap and the
// address space. Other fibers may allocate meanwhile.
bool accounts_are_exact();
// Sets the function that is called when an allocation that must not fail has exceeded the limit of the running fiber's
// account.
void after_exceeding(void (*call)());

struct MemoryStatistics {
  uint64_t total;         // bytes of RAM that the kernel manages
  uint64_t free;          // bytes in free frames
  uint64_t heap;          // bytes in frames that the heap holds
  uint64_t heap_used;     // bytes of the heap in objects
  uint64_t committed;     // bytes of committed memory, filled or not
  uint64_t filled;        // bytes of committed memory that are filled
  uint64_t promised;      // bytes in frames promised for pages and tables that do not exist yet
  uint64_t reservations;  // number of reserved ranges of addresses
  uint64_t segments;      // number of pieces of committed memory
  uint64_t nodes;         // bytes in frames that hold the nodes of reservations and segments
};
MemoryStatistics memory_statistics();
// Whether as many frames are promised as committed memory can still need. Takes time in proportion to the committed
// memory.
bool promises_are_exact();
// The object that makes allocations fail on purpose.
InjectedFailure& injected_failure();

}  // namespace cairn::kernel

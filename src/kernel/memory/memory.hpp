// The kernel's memory as a whole: frames, the page table, the address space and the heap of this machine.
#pragma once

#include "base/result.hpp"
#include "kernel/memory/address_space.hpp"
#include "kernel/memory/frame_source.hpp"
#include "port/layout.hpp"
#include "port/paging.hpp"

namespace cairn::kernel {

struct BootInfo;

using KernelPageTable = PageTable<PageFormat, FrameSource, Tlb>;
using KernelAddressSpace = AddressSpace<KernelPageTable>;
using LockedAddressSpace = Locked<KernelAddressSpace, SpinLock, LockRank::address_space>;

inline constexpr DirectMap kDirectMap(layout::kDirectMap);

// Sets everything up: from here on there is operator new, and the tables of the start are gone.
void initialize_memory(const BootInfo& info);

FrameSource& frame_source();
LockedAddressSpace& address_space();
// The lower half, where guests' memories, stacks and code lie.
VirtAddr guest_addresses_start();
VirtAddr guest_addresses_end();

// Works on the address space under its lock; a failure becomes an Error without it.
Error to_error(const SpaceFailure& failure);
template <class F>
auto in_address_space(F&& function) {
  auto result = address_space().with(std::forward<F>(function));
  return std::move(result).transform_error([](const SpaceFailure& failure) { return to_error(failure); });
}

// Reserves and commits in the kernel's half.
Result<std::span<std::byte>> map_kernel_pages(uint64_t size);
Result<volatile std::byte*> map_device(PhysRange registers);
// Memory for guest code (memory/code_memory.hpp), of whole pages.
Result<std::span<std::byte>> allocate_code(uint64_t size, uint64_t alignment);
void seal_code(std::span<std::byte> code, uint64_t text);
void release_code(std::span<std::byte> code);
// From the heap; null when there is no memory. Not under a lock.
void* allocate_bytes(size_t size, size_t alignment, Claim claim);
void free_bytes(void* pointer);
// What is allocated from here on becomes ordinary, or is freed at once.
void begin_operation();
void keep_operation();
void drop_operation();
// When plain operator new finds no memory, `end` gets the size that was wanted and ends the kernel, allocating nothing.
// By default that is a panic.
void end_without_memory(void (*end)(size_t size));
[[noreturn]] void out_of_memory(size_t size);

// What the page table says; works in a panic (takes no lock), nothing before initialize_memory.
std::optional<Translation> translate(VirtAddr address);
bool is_memory_ready();

struct MemoryStatistics {
  uint64_t total;         // RAM that the kernel manages
  uint64_t free;          // frames nobody has
  uint64_t heap;          // held by the heap
  uint64_t heap_used;     // of which in objects
  uint64_t committed;     // promised to regions
  uint64_t filled;        // of which there already
  uint64_t promised;      // frames for what is not there yet, with page tables
  uint64_t reservations;  // ranges of addresses that are taken
  uint64_t segments;      // pieces of committed memory
  uint64_t nodes;         // held by the records of both
};
MemoryStatistics memory_statistics();
// Whether as many frames are promised as committed memory can still need; takes time in proportion to it.
bool promises_are_exact();
// What makes allocations fail on purpose.
InjectedFailure& injected_failure();

}  // namespace cairn::kernel

// The allocation functions of C++ on Linux, and the memory of operations (base/operation.hpp).
//
// Every allocation has a link of 16 bytes before its memory. The allocations of a running operation are in a ring with
// the operation's record; the links of all other allocations are null. So freeing memory can take it out of its
// operation's ring, and notices when an operation frees memory that is not its own. Operations allocate nothing with a
// larger alignment than 16.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "base/assert.hpp"
#include "base/operation.hpp"
#include "base/system_account.hpp"
#include "platform/injection.hpp"

#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
// With a sanitizer, too, an allocation that fails must return null instead of ending the process.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
#else
#define ASAN_POISON_MEMORY_REGION(data, bytes) static_cast<void>(data)
#define ASAN_UNPOISON_MEMORY_REGION(data, bytes) static_cast<void>(data)
#endif
#if __has_feature(thread_sanitizer)
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }
#endif

// Marks the functions that access links. Links are poisoned, so AddressSanitizer stops all other code that touches one.
#define CAIRN_SEES_LINKS __attribute__((no_sanitize("address")))

namespace cairn {

namespace {

struct Link {
  Link* next;
  Link* previous;
};
static_assert(sizeof(Link) == 16);
constexpr size_t kLinkBytes = sizeof(Link);

constinit thread_local OperationRecord* current = nullptr;

Link* ring_of(OperationRecord& record) { return reinterpret_cast<Link*>(record.allocator.data()); }

CAIRN_SEES_LINKS void attach(Link* link) {
  if (current == nullptr) {
    *link = {nullptr, nullptr};
    return;
  }
  Link* ring = ring_of(*current);
  *link = {ring->next, ring};
  ring->next->previous = link;
  ring->next = link;
}

CAIRN_SEES_LINKS void detach(Link* link) {
  if (link->next == nullptr) {
    CAIRN_DEBUG_ASSERT(current == nullptr);  // an operation frees only its own allocations
    return;
  }
  link->previous->next = link->next;
  link->next->previous = link->previous;
}

// Returns null if there is no memory. With a larger alignment than a link's, the block begins one whole alignment
// before the returned memory.
void* allocate(size_t size, size_t alignment) {
  CAIRN_ASSERT(alignment <= kLinkBytes || current == nullptr);
  if (injected_failure(current != nullptr) || size > SIZE_MAX / 2) return nullptr;
  std::byte* block = nullptr;
  if (alignment <= kLinkBytes) {
    alignment = kLinkBytes;
    block = static_cast<std::byte*>(std::malloc(size + kLinkBytes));
  } else {
    block = static_cast<std::byte*>(std::aligned_alloc(alignment, (size + 2 * alignment - 1) & ~(alignment - 1)));
  }
  if (block == nullptr) return nullptr;
  auto* link = reinterpret_cast<Link*>(block + alignment - kLinkBytes);
  attach(link);
  ASAN_POISON_MEMORY_REGION(link, kLinkBytes);
  count_allocation(1);
  return block + alignment;
}

void release(void* memory, size_t alignment) {
  if (memory == nullptr) return;
  detach(reinterpret_cast<Link*>(static_cast<std::byte*>(memory) - kLinkBytes));
  count_allocation(-1);
  std::free(static_cast<std::byte*>(memory) - (alignment <= kLinkBytes ? kLinkBytes : alignment));
}

// Ends the process, because a plain operator new cannot report that there is no memory. Allocates nothing itself.
[[noreturn]] void end_without_memory(size_t size) {
  char text[96] = "cairn: out of memory: ";
  char digits[24];
  size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + size % 10);
    size /= 10;
  } while (size != 0);
  size_t length = std::strlen(text);
  while (count != 0) text[length++] = digits[--count];
  constexpr char kEnd[] = " bytes wanted\n";
  std::memcpy(text + length, kEnd, sizeof(kEnd));
  if (write(STDERR_FILENO, text, length + sizeof(kEnd) - 1) < 0) _exit(71);
  _exit(71);  // exit_status::kSystem
}

void* allocate_or_end(size_t size, size_t alignment) {
  void* memory = allocate(size, alignment);
  if (memory == nullptr) {
    if (current != nullptr) operation_fail(*current, size);
    end_without_memory(size);
  }
  return memory;
}

}  // namespace

// A process has no accounts.
void* enter_system_account() { return nullptr; }
void leave_system_account(void*) {}

OperationRecord* operation_current() { return current; }

void operation_begin(OperationRecord& record) {
  CAIRN_ASSERT(current == nullptr);
  Link* ring = ring_of(record);
  std::construct_at(ring, ring, ring);
  current = &record;
}

CAIRN_SEES_LINKS void operation_keep(OperationRecord& record) {
  CAIRN_ASSERT(current == &record);
  current = nullptr;
  Link* ring = ring_of(record);
  for (Link* link = ring->next; link != ring;) {
    Link* next = link->next;
    *link = {nullptr, nullptr};
    link = next;
  }
}

CAIRN_SEES_LINKS void operation_drop(OperationRecord& record) {
  CAIRN_ASSERT(current == &record);
  current = nullptr;
  Link* ring = ring_of(record);
  for (Link* link = ring->next; link != ring;) {
    Link* next = link->next;
    *link = {nullptr, nullptr};
    release(link + 1, kLinkBytes);
    link = next;
  }
}

}  // namespace cairn

void* operator new(std::size_t size) { return cairn::allocate_or_end(size, 1); }
void* operator new[](std::size_t size) { return cairn::allocate_or_end(size, 1); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return cairn::allocate(size, 1); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return cairn::allocate(size, 1); }
void operator delete(void* memory) noexcept { cairn::release(memory, 1); }
void operator delete[](void* memory) noexcept { cairn::release(memory, 1); }
void operator delete(void* memory, std::size_t) noexcept { cairn::release(memory, 1); }
void operator delete[](void* memory, std::size_t) noexcept { cairn::release(memory, 1); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { cairn::release(memory, 1); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { cairn::release(memory, 1); }

void* operator new(std::size_t size, std::align_val_t alignment) {
  return cairn::allocate_or_end(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return cairn::allocate_or_end(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory, std::align_val_t alignment) noexcept {
  cairn::release(memory, static_cast<std::size_t>(alignment));
}
void operator delete[](void* memory, std::align_val_t alignment) noexcept {
  cairn::release(memory, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
  cairn::release(memory, static_cast<std::size_t>(alignment));
}
void operator delete[](void* memory, std::size_t, std::align_val_t alignment) noexcept {
  cairn::release(memory, static_cast<std::size_t>(alignment));
}

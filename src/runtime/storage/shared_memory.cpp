#include "runtime/storage/shared_memory.hpp"

#include "base/operation.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {

using platform::Platform;
using wasm::TrapKind;

Result<Ref<SharedMemory>> SharedMemory::create(Engine& engine, const wasm::MemoryType& type,
                                               compiler::BoundsMode bounds, Allowance& pages) {
  CAIRN_ASSERT(type.sharedness == wasm::Sharedness::shared && type.limits.maximum.has_value());
  const MemorySpace space = CAIRN_TRY(reserve_memory(engine, type, bounds, pages));
  auto* const memory = new (std::nothrow) SharedMemory(engine, type, space, pages);
  if (memory == nullptr) {
    release_memory(engine, space.reservation, space.initial_bytes);
    return fail(out_of_memory("a shared memory"));
  }
  return Ref(memory);
}

SharedMemory::SharedMemory(Engine& engine, const wasm::MemoryType& type, const MemorySpace& space, Allowance& pages)
    : engine_(engine), type_(type), space_(space), pages_(pages) {
  vm_.base = space.reservation.data();
  vm_.length = space.initial_bytes;
}

SharedMemory::~SharedMemory() { release_memory(engine_, space_.reservation, length()); }

uint64_t SharedMemory::length() const { return std::atomic_ref(vm_.length).load(std::memory_order_seq_cst); }

std::optional<uint64_t> SharedMemory::grow(uint64_t delta_pages) {
  return growth_.with([&](Growth&) -> std::optional<uint64_t> {
    const uint64_t old_length = length();
    if (delta_pages > (space_.maximum_bytes - old_length) >> type_.page_size_log2) return std::nullopt;
    const uint64_t new_length = old_length + (delta_pages << type_.page_size_log2);
    if (!allows_length(pages_, new_length)) return std::nullopt;
    if (!extend_memory(space_.reservation, old_length, new_length)) return std::nullopt;
    std::atomic_ref(vm_.length).store(new_length, std::memory_order_seq_cst);
    return old_length >> type_.page_size_log2;
  });
}

// --- Waiting

void SharedMemory::Queue::append(Waiter& waiter) {
  Waiter** at = &first;
  while (*at != nullptr) at = &(*at)->next;
  *at = &waiter;
  forever += waiter.is_forever;
}

bool SharedMemory::Queue::remove(Waiter& waiter) {
  for (Waiter** at = &first; *at != nullptr; at = &(*at)->next) {
    if (*at != &waiter) continue;
    *at = waiter.next;
    forever -= waiter.is_forever;
    return true;
  }
  return false;
}

void SharedMemory::Queue::wake(Waiter** at, uint32_t reason) {
  Waiter& waiter = **at;
  *at = waiter.next;
  forever -= waiter.is_forever;
  // After the store, the waiter may not exist any more. unpark() uses only the word's address.
  std::atomic<uint32_t>& word = waiter.is_woken;
  word.store(reason, std::memory_order_release);
  Platform::unpark(word);
}

template <class T>
std::expected<SharedMemory::WaitResult, TrapKind> SharedMemory::wait(uint64_t address, T expected,
                                                                     int64_t timeout_nanoseconds) {
  const uint64_t bytes = length();
  if (address > bytes || bytes - address < sizeof(T)) return std::unexpected(TrapKind::out_of_bounds_memory_access);
  auto& cell = *reinterpret_cast<T*>(vm_.base + address);
  Waiter waiter;
  waiter.address = address;
  waiter.is_forever = timeout_nanoseconds < 0;
  // This load fills the cell's page, so that the access below does not fault while the queue is locked.
  static_cast<void>(std::atomic_ref(cell).load(std::memory_order_relaxed));
  enum class Entry : uint8_t { queued, not_equal, deadlock };
  const Entry entry = queue_.with([&](Queue& queue) {
    if (std::atomic_ref(cell).load(std::memory_order_seq_cst) != expected) return Entry::not_equal;
    // Each reference to the memory serves at most one thread. If the threads of all other references wait without a
    // timeout, this thread is the last one that could wake them.
    if (waiter.is_forever && queue.forever + 1 >= use_count()) return Entry::deadlock;
    queue.append(waiter);
    return Entry::queued;
  });
  if (entry == Entry::not_equal) return WaitResult::not_equal;
  if (entry == Entry::deadlock) return std::unexpected(TrapKind::deadlock);
  return park(waiter, waiter.is_forever ? std::nullopt : std::optional(static_cast<uint64_t>(timeout_nanoseconds)));
}

template std::expected<SharedMemory::WaitResult, TrapKind> SharedMemory::wait(uint64_t, uint32_t, int64_t);
template std::expected<SharedMemory::WaitResult, TrapKind> SharedMemory::wait(uint64_t, uint64_t, int64_t);

std::expected<SharedMemory::WaitResult, TrapKind> SharedMemory::park(Waiter& waiter,
                                                                     std::optional<uint64_t> timeout_nanoseconds) {
  const ParkResult result = Platform::park(waiter.is_woken, timeout_nanoseconds);
  // If the waiter is not in the queue any more, another thread has taken it out meanwhile.
  if (result == ParkResult::unparked || !queue_.with([&](Queue& queue) { return queue.remove(waiter); })) {
    if (waiter.is_woken.load(std::memory_order_acquire) == Waiter::kNotified) return WaitResult::woken;
    return std::unexpected(TrapKind::deadlock);
  }
  if (result == ParkResult::timed_out) return WaitResult::timed_out;
  return std::unexpected(TrapKind::deadlock);
}

void SharedMemory::end_deadlock() {
  queue_.with([&](Queue& queue) {
    if (queue.forever == 0 || queue.forever < use_count()) return;
    Waiter** at = &queue.first;
    while (!(*at)->is_forever) at = &(*at)->next;
    queue.wake(at, Waiter::kDeadlocked);
  });
}

std::expected<uint32_t, TrapKind> SharedMemory::notify(uint64_t address, uint32_t count) {
  const uint64_t bytes = length();
  if (address > bytes || bytes - address < 4) return std::unexpected(TrapKind::out_of_bounds_memory_access);
  return queue_.with([&](Queue& queue) {
    uint32_t woken = 0;
    for (Waiter** at = &queue.first; *at != nullptr && woken < count;) {
      Waiter& waiter = **at;
      if (waiter.address != address) {
        at = &waiter.next;
        continue;
      }
      queue.wake(at, Waiter::kNotified);
      ++woken;
    }
    return woken;
  });
}

}  // namespace cairn::runtime

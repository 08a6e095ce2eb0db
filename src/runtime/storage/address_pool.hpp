// AddressPool gives address space to linear memories. It has a budget, and keeps the ranges of freed memories for new
// memories.
//
// A memory with guard pages takes a little more than 6 GiB of addresses (abi::kGuardedReservation). Addresses can be
// scarce: an Sv39 address has 39 bits, and a process or kernel has one half of this space, 256 GiB. Memories with
// guards may take the larger part of the budget. Memories without guards share the smaller part. Each takes at most a
// fixed fraction of what is left of that part, so that later memories find some address space too.
//
// Released ranges are kept, with their pages decommitted, and used again. That costs less than making new reservations.
// It also keeps the tables of qemu-user small, which grow with every address that was ever reserved.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.hpp"
#include "runtime/guarded.hpp"

namespace cairn::runtime {

class AddressPool {
 public:
  // `budget` is in bytes. Memories with guards may take three quarters of it.
  explicit AddressPool(uint64_t budget) : state_(budget) {}
  ~AddressPool();
  AddressPool(const AddressPool&) = delete;
  AddressPool& operator=(const AddressPool&) = delete;

  // Whether the budget has room for another memory with guards.
  [[nodiscard]] bool has_room_for_guards();
  // Reserves kGuardedReservation bytes. Fails with a resource error when there is no room.
  Result<std::span<std::byte>> reserve_guarded();
  // Reserves address space for a memory without guards: a power of two of bytes, at least `least`. It is the power of
  // two that has room for `wanted` bytes, or smaller when little is left. Fails with a resource error when there is no
  // room for `least` bytes.
  Result<std::span<std::byte>> reserve_checked(uint64_t least, uint64_t wanted);
  // Releases a whole range, of which the first `committed` bytes are committed.
  void release(std::span<std::byte> range, uint64_t committed);

 private:
  struct State {
    explicit State(uint64_t bytes) : budget(bytes) {}
    uint64_t budget;
    uint64_t guarded = 0, checked = 0;  // bytes of the ranges that memories have now, with and without guards
    uint64_t kept = 0;                  // bytes of the ranges in `free`
    // The largest number of kept ranges. Each kept range takes an entry in the system's table of mappings.
    static constexpr size_t kMostKept = 256;
    std::array<std::span<std::byte>, kMostKept> free;
    size_t free_count = 0;

    [[nodiscard]] bool has_room_for_guards() const;
    std::optional<std::span<std::byte>> take(uint64_t size);  // takes a kept range of this size, if there is one
    void keep(std::span<std::byte> range);                    // adds a range to `free`
    void drop_oldest(size_t count);  // gives the first `count` ranges in `free` back to the machine
    void drop_kept(uint64_t most);   // gives ranges back until at most `most` bytes are kept
  };
  // Takes a kept range of this size, or reserves a new one within the budget.
  Result<std::span<std::byte>> reserve(State& state, uint64_t size);

  Guarded<State, LockRank::address_pool> state_;
};

}  // namespace cairn::runtime

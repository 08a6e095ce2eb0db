// Address space for linear memories: the engine's budget of it, and the ranges of freed memories, which are kept for
// new ones.
//
// A memory with guard pages takes 6 GiB of addresses, and addresses can be scarce: a process or kernel with Sv39 pages
// has 256 GiB in total. Memories with guards may take the larger part of the budget. Memories without guards share the
// rest: each takes at most a fixed part of what is left, so the budget never runs out at once.
//
// Released ranges are kept, without memory behind them, and used again. Making and removing a reservation costs more
// than that, and the tables of qemu-user grow with every address that was ever reserved.
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

  // Whether reserve_guarded() would find the budget large enough.
  [[nodiscard]] bool has_room_for_guards();
  // kGuardedReservation bytes; a resource error when there is no room.
  Result<std::span<std::byte>> reserve_guarded();
  // `wanted` bytes or fewer, but at least `least`.
  Result<std::span<std::byte>> reserve_checked(uint64_t least, uint64_t wanted);
  // Releases a whole range. Its first `committed` bytes have memory behind them.
  void release(std::span<std::byte> range, uint64_t committed);

 private:
  struct State {
    explicit State(uint64_t bytes) : budget(bytes) {}
    uint64_t budget;
    uint64_t guarded = 0, checked = 0;  // bytes that memories have now
    uint64_t kept = 0;                  // bytes of `free`
    static constexpr size_t kMostKept =
        256;  // further ranges are given back to the machine, because each costs it table entries
    std::array<std::span<std::byte>, kMostKept> free;
    size_t free_count = 0;

    [[nodiscard]] bool has_room_for_guards() const;
    std::optional<std::span<std::byte>> take(uint64_t size);
    void keep(std::span<std::byte> range);
    void drop_oldest(size_t count);
    void drop_kept(uint64_t most);
  };
  Result<std::span<std::byte>> reserve(State& state, uint64_t size);

  Guarded<State, LockRank::address_pool> state_;
};

}  // namespace cairn::runtime

// Address space for linear memories: an engine's budget of it, and the ranges of memories that are gone, for new ones.
//
// A memory with guard pages takes 6 GiB of addresses, and there may be few of them: a process or kernel with Sv39 pages
// has 256 GiB in all. Memories with guards get the larger part of the budget; those without divide the rest, and each
// takes a fixed share of what is left at most, so that it never runs out at once.
//
// Ranges that are given back are kept, without memory behind them, and used again: making and unmaking a reservation
// costs more than that, and qemu-user's tables grow with every address that was ever reserved.
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
  // `budget` in bytes; what memories with guards may take of it is kGuardedShare.
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
  // Gives a whole range back, of which the first `committed` bytes have memory behind them.
  void release(std::span<std::byte> range, uint64_t committed);

 private:
  struct State {
    explicit State(uint64_t bytes) : budget(bytes) {}
    uint64_t budget;
    uint64_t guarded = 0, checked = 0;  // bytes that memories have now
    uint64_t kept = 0;                  // bytes of `free`
    static constexpr size_t kMostKept =
        256;  // more ranges than that are given back: they cost the machine's own tables something
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

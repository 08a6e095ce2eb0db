#include "runtime/storage/address_pool.hpp"

#include <algorithm>
#include <bit>

#include "abi/vmcontext.hpp"
#include "base/assert.hpp"
#include "base/format.hpp"
#include "base/operation.hpp"
#include "platform/platform.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {

// Returns the part of the budget that memories with guards may take.
constexpr uint64_t guarded_share(uint64_t budget) { return budget / 4 * 3; }
// A memory without guards takes at most 1/32 of what is left for such memories, unless its minimum size or kLeastRange
// is more.
constexpr uint64_t kCheckedPart = 32;
// The smallest size of a range without guards. The sizes are powers of two, so that kept ranges fit new memories.
constexpr uint64_t kLeastRange = 64 * 1024;

std::unexpected<Error> no_room(uint64_t bytes) {
  return fail(make_error([&] {
    return Error::of(ErrorKind::resource, "no address space left for a memory of " + decimal(bytes) + " bytes");
  }));
}

}  // namespace

AddressPool::~AddressPool() {
  state_.with([](State& state) {
    CAIRN_ASSERT(state.guarded == 0 && state.checked == 0);
    state.drop_kept(0);
  });
}

bool AddressPool::State::has_room_for_guards() const {
  return guarded + abi::kGuardedReservation <= guarded_share(budget) &&
         guarded + checked + abi::kGuardedReservation <= budget;
}

std::optional<std::span<std::byte>> AddressPool::State::take(uint64_t size) {
  const std::span<std::span<std::byte>> all = std::span(free).first(free_count);
  const auto found = std::ranges::find(all, size, [](std::span<std::byte> range) { return range.size(); });
  if (found == all.end()) return std::nullopt;
  const std::span<std::byte> range = *found;
  *found = all.back();
  --free_count;
  kept -= size;
  return range;
}

// Keeps a range. If kMostKept ranges are kept already, the first of them is given back to the machine.
void AddressPool::State::keep(std::span<std::byte> range) {
  if (free_count == kMostKept) drop_oldest(1);
  free[free_count++] = range;
  kept += range.size();
}

void AddressPool::State::drop_oldest(size_t count) {
  for (const std::span<std::byte> range : std::span(free).first(count)) {
    kept -= range.size();
    Platform::release(range);
  }
  std::shift_left(free.begin(), free.begin() + free_count, static_cast<std::ptrdiff_t>(count));
  free_count -= count;
}

void AddressPool::State::drop_kept(uint64_t most) {
  size_t dropped = 0;
  for (uint64_t left = kept; left > most; ++dropped) left -= free[dropped].size();
  drop_oldest(dropped);
}

Result<std::span<std::byte>> AddressPool::reserve(State& state, uint64_t size) {
  if (const auto kept = state.take(size)) return *kept;
  const uint64_t left = state.budget - state.guarded - state.checked;
  if (size > left) return no_room(size);
  state.drop_kept(left - size);
  return Platform::reserve(size);
}

bool AddressPool::has_room_for_guards() {
  return state_.with([](State& state) { return state.has_room_for_guards(); });
}

Result<std::span<std::byte>> AddressPool::reserve_guarded() {
  return state_.with([&](State& state) -> Result<std::span<std::byte>> {
    if (!state.has_room_for_guards()) return no_room(abi::kGuardedReservation);
    const std::span<std::byte> range = CAIRN_TRY(reserve(state, abi::kGuardedReservation));
    state.guarded += range.size();
    return range;
  });
}

Result<std::span<std::byte>> AddressPool::reserve_checked(uint64_t least, uint64_t wanted) {
  return state_.with([&](State& state) -> Result<std::span<std::byte>> {
    // Memories without guards never get the share of memories with guards.
    const uint64_t theirs = std::max(state.guarded, guarded_share(state.budget));
    const uint64_t left = state.budget - std::min(state.budget, theirs + state.checked);
    const uint64_t size = std::max({least, std::min(wanted, std::bit_floor(left / kCheckedPart)), kLeastRange});
    if (size > uint64_t{1} << 62) return no_room(size);
    const std::span<std::byte> range = CAIRN_TRY(reserve(state, std::bit_ceil(size)));
    state.checked += range.size();
    return range;
  });
}

void AddressPool::release(std::span<std::byte> range, uint64_t committed) {
  if (range.empty()) return;
  Platform::decommit(range.first(committed));
  state_.with([&](State& state) {
    (range.size() == abi::kGuardedReservation ? state.guarded : state.checked) -= range.size();
    state.keep(range);
    state.drop_kept(state.budget - state.guarded - state.checked);
  });
}

}  // namespace cairn::runtime

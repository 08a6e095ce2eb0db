// Who pays for page tables of the guests' half that segments of several accounts share: the account of the first
// segment that has a part below the table.
//
// Only the tables that hold the first or the last byte of a range can be shared with segments outside of it.
// TableOwners notes who pays for these before and after a change of the range; move_to() then moves the tables whose
// owner changed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "kernel/memory/frame_source.hpp"
#include "kernel/memory/page_table.hpp"
#include "kernel/memory/range_tree.hpp"

namespace cairn::kernel {

// The kernel's half is the upper half of the address space. Its page tables are on the system's account.
constexpr bool is_in_kernel_half(uint64_t address) { return address >> 63 != 0; }

class TableOwners {
 public:
  static constexpr unsigned kMaximumLevels = 5;

  TableOwners(const RangeTree& segments, unsigned levels, uint64_t start, uint64_t end) {
    if (is_in_kernel_half(start)) return;
    for (unsigned level = 0; level + 1 < levels; ++level) {
      const uint64_t span = page_size_at(level + 1), first = align_down(start, span), last = align_down(end - 1, span);
      owners_[size_t{2} * level] = owner_of(segments, first, span);
      if (last != first) owners_[size_t{2} * level + 1] = owner_of(segments, last, span);
    }
  }

  // How many of these tables will be charged to an account when it commits the range, which begins at `start`.
  [[nodiscard]] uint64_t number_taken_by(AccountNumber account, uint64_t start) const {
    return static_cast<uint64_t>(std::ranges::count_if(
        owners_, [&](const auto& owner) { return owner && owner->account != account && owner->start > start; }));
  }
  // Charges each table that has another owner in `after` to that owner.
  void move_to(const TableOwners& after, FrameSource& source) const {
    for (size_t i = 0; i < owners_.size(); ++i) {
      const auto &from = owners_[i], &to = after.owners_[i];
      if (from && to && from->account != to->account)
        source.move({from->account, Use::tables}, {to->account, Use::tables}, 1);
    }
  }

 private:
  struct Owner {
    AccountNumber account;
    uint64_t start;  // the start of the segment
  };
  static std::optional<Owner> owner_of(const RangeTree& segments, uint64_t block, uint64_t span) {
    const RangeNode* segment = segments.first_in(block, block + span);
    if (segment == nullptr) return std::nullopt;
    return Owner{segment->charge.account, segment->start};
  }

  // For each level the owners of the tables of the first and of the last byte; none if nothing is committed there, or
  // both tables are the same.
  std::array<std::optional<Owner>, size_t{2} * (kMaximumLevels - 1)> owners_;
};

}  // namespace cairn::kernel

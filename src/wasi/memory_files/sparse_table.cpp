#include "wasi/memory_files/sparse_table.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace cairn::wasi {

namespace {
constexpr uint32_t kBits = 6;
constexpr uint32_t kSlots = 1 << kBits;
constexpr uint32_t kMostLevels = 11;
static_assert(kMostLevels * kBits >= 64);

// An index consists of digits of kBits bits, one for each level. Returns the position of the lowest bit of a level's
// digit. The branches of level 1 hold the items.
constexpr uint32_t shift_of(uint32_t level) { return kBits * (level - 1); }
constexpr uint32_t digit_of(uint64_t index, uint32_t level) {
  return static_cast<uint32_t>(index >> shift_of(level)) & (kSlots - 1);
}
// Returns `index` without its digits at `level` and below.
constexpr uint64_t above(uint64_t index, uint32_t level) {
  const uint32_t shift = kBits * level;
  return shift >= 64 ? 0 : index >> shift << shift;
}
constexpr uint32_t levels_for(uint64_t index) {
  uint32_t levels = 0;
  for (; index != 0; index >>= kBits) ++levels;
  return levels;
}
}  // namespace

struct SparseTable::Branch {
  std::array<void*, kSlots> slots{};

  [[nodiscard]] bool empty() const {
    return std::ranges::all_of(slots, [](void* slot) { return slot == nullptr; });
  }
};

void* SparseTable::find(uint64_t index) const {
  if (root_ == nullptr || levels_for(index) > levels_) return nullptr;
  void* at = root_;
  for (uint32_t level = levels_; level != 0 && at != nullptr; --level) {
    at = static_cast<Branch*>(at)->slots[digit_of(index, level)];
  }
  return at;
}

std::optional<SparseTable::Found> SparseTable::next(uint64_t index) const {
  while (root_ != nullptr && levels_for(index) <= levels_) {
    void* at = root_;
    uint32_t level = levels_;
    while (level != 0) {
      const auto& slots = static_cast<Branch*>(at)->slots;
      const uint32_t digit = digit_of(index, level);
      uint32_t taken = digit;
      while (taken != kSlots && slots[taken] == nullptr) ++taken;
      if (taken == kSlots) break;
      if (taken != digit) index = above(index, level) | uint64_t{taken} << shift_of(level);
      at = slots[taken];
      --level;
    }
    if (level == 0) return Found{index, at};
    // This branch holds nothing more, so the search continues after it.
    const uint32_t shift = kBits * level;
    if (shift >= 64) break;
    const uint64_t after = above(index, level) + (uint64_t{1} << shift);
    if (after == 0) break;
    index = after;
  }
  return std::nullopt;
}

Errno SparseTable::insert(Account& account, uint64_t index, void* item) {
  CAIRN_DEBUG_ASSERT(item != nullptr && find(index) == nullptr);
  const uint32_t wanted = std::max(levels_, levels_for(index));
  // `roots` counts the new roots above the present one. `missing` counts all new branches: these roots, and the
  // branches that are missing on the way from the topmost root to the slot.
  const uint32_t roots = root_ != nullptr ? wanted - levels_ : 0;
  uint32_t missing = 0;
  if (root_ == nullptr) {
    missing = wanted;
  } else if (roots != 0) {
    missing = roots + wanted - 1;
  } else {
    void* at = root_;
    uint32_t level = levels_;
    for (; level != 0 && at != nullptr; --level) at = static_cast<Branch*>(at)->slots[digit_of(index, level)];
    missing = level;
  }

  std::array<Branch*, size_t{2} * kMostLevels> fresh;
  for (uint32_t i = 0; i < missing; ++i) {
    auto branch = account.create<Branch>();
    if (!branch) {
      while (i-- > 0) account.destroy(fresh[i]);
      return branch.error();
    }
    fresh[i] = *branch;
  }

  // Nothing can fail from here on.
  for (uint32_t i = 0; i < roots; ++i) {
    Branch* root = fresh[--missing];
    root->slots[0] = root_;
    root_ = root;
  }
  levels_ = wanted;
  void** slot = &root_;
  for (uint32_t level = levels_; level != 0; --level) {
    if (*slot == nullptr) *slot = fresh[--missing];
    slot = &static_cast<Branch*>(*slot)->slots[digit_of(index, level)];
  }
  CAIRN_ASSERT(missing == 0);
  *slot = item;
  return Errno::success;
}

void* SparseTable::remove(Account& account, uint64_t index) {
  CAIRN_ASSERT(root_ != nullptr && levels_for(index) <= levels_);
  std::array<void**, kMostLevels + 1> path;  // path[n] is the slot that leads to level n
  path[levels_] = &root_;
  for (uint32_t level = levels_; level != 0; --level) {
    CAIRN_ASSERT(*path[level] != nullptr);
    path[level - 1] = &static_cast<Branch*>(*path[level])->slots[digit_of(index, level)];
  }
  void* item = *path[0];
  CAIRN_ASSERT(item != nullptr);
  *path[0] = nullptr;
  for (uint32_t level = 1; level <= levels_; ++level) {
    auto* branch = static_cast<Branch*>(*path[level]);
    if (!branch->empty()) break;
    *path[level] = nullptr;
    account.destroy(branch);
  }
  // Lowers the tree to the height that the remaining items need.
  if (root_ == nullptr) levels_ = 0;
  while (levels_ != 0) {
    auto* root = static_cast<Branch*>(root_);
    if (std::any_of(root->slots.begin() + 1, root->slots.end(), [](void* slot) { return slot != nullptr; })) break;
    root_ = root->slots[0];
    account.destroy(root);
    --levels_;
  }
  return item;
}

}  // namespace cairn::wasi

// Hash-consing: finds an instruction that computes the same value as another one, among those in scope.
//
// Scopes follow dominance: mark() before entering a region, rollback() when leaving it forgets what was entered since.
#pragma once

#include <cstdint>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

class ValueTable {
 public:
  // `expected` is about how many instructions there will be.
  ValueTable(const Function& function, size_t expected);

  // Equal operation, type, operands and payload; the position does not count. `version` tells loads apart that see
  // different contents; 0 for what does not read memory.
  [[nodiscard]] uint32_t hash(const Instruction& instruction, uint32_t version) const;
  [[nodiscard]] Value find(const Instruction& instruction, uint32_t version, uint32_t hash) const;
  // `result` is what find() gives for an instruction equal to `key`, which is usually `result` itself.
  void insert(const Instruction& key, Value result, uint32_t version, uint32_t hash);

  [[nodiscard]] uint32_t mark() const { return static_cast<uint32_t>(links_.size()); }
  void rollback(uint32_t mark);

 private:
  struct Entry {
    Instruction key;
    Value result;
    uint32_t version;
  };
  // What a search goes along, apart from what it finds: most searches find nothing.
  struct Link {
    uint32_t hash;
    uint32_t next;  // entry with the same bucket, kNoEntry at the end
  };
  static constexpr uint32_t kNoEntry = 0xffff'ffff;

  // One more than the highest number of an operand.
  [[nodiscard]] uint32_t operand_bound(const Instruction& instruction) const;
  [[nodiscard]] bool equal(const Instruction& a, const Instruction& b) const;
  void rehash(size_t buckets);
  // Puts the first entry that is in no bucket yet into its bucket.
  void link_next() const;

  const Function& function_;
  ScratchVector<Entry> entries_;
  mutable ScratchVector<Link> links_;  // parallel
  // Of all entries there ever were. What has a later operand is not there, which is so of most new instructions: the
  // buckets of a large function are not in the cache.
  uint32_t operand_bound_ = 0;
  mutable ScratchVector<uint32_t> buckets_;  // a power of two of them
  // The entries before this are in their buckets. The latest few are not before a search needs them, so that their
  // buckets are fetched from memory meanwhile.
  mutable uint32_t linked_ = 0;
};

}  // namespace cairn::ir

// Hash-consing: finds an instruction in scope that computes the same value as another one.
//
// Scopes follow dominance. The caller calls mark() before it enters a region; rollback(), on leaving it, forgets the
// entries made since.
#pragma once

#include <cstdint>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

class ValueTable {
 public:
  // `expected` is the approximate number of instructions.
  ValueTable(const Function& function, size_t expected);

  // Instructions are equal if operation, type, operands and payload are; the position does not count. `version` tells
  // apart loads that see different contents; it is 0 for instructions that do not read memory.
  [[nodiscard]] uint32_t hash(const Instruction& instruction, uint32_t version) const;
  [[nodiscard]] Value find(const Instruction& instruction, uint32_t version, uint32_t hash) const;
  // find() then gives `result` for an instruction equal to `key`. Usually `result` is the instruction `key` itself.
  void insert(const Instruction& key, Value result, uint32_t version, uint32_t hash);

  [[nodiscard]] uint32_t mark() const { return static_cast<uint32_t>(links_.size()); }
  void rollback(uint32_t mark);

 private:
  struct Entry {
    Instruction key;
    Value result;
    uint32_t version;
  };
  // The part of an entry that a search reads. It is apart from Entry, since most searches find nothing.
  struct Link {
    uint32_t hash;
    uint32_t next;  // the next entry in the same bucket, kNoEntry at the end
  };
  static constexpr uint32_t kNoEntry = 0xffff'ffff;

  // The highest number of an operand, plus one.
  [[nodiscard]] uint32_t operand_bound(const Instruction& instruction) const;
  [[nodiscard]] bool equal(const Instruction& a, const Instruction& b) const;
  void rehash(size_t buckets);
  // Puts the first entry that is in no bucket yet into its bucket.
  void link_next() const;

  const Function& function_;
  ScratchVector<Entry> entries_;
  mutable ScratchVector<Link> links_;  // parallel to entries_
  // The greatest operand_bound() of all entries that were ever made. An instruction with a later operand cannot be in
  // the table. This is true of most new instructions, and saves a look at the buckets, which are not in the cache if
  // the function is large.
  uint32_t operand_bound_ = 0;
  mutable ScratchVector<uint32_t> buckets_;  // their number is a power of two
  // All entries before this one are in their buckets. The latest few are put there only when a search needs them, so
  // that their buckets can be fetched from memory meanwhile.
  mutable uint32_t linked_ = 0;
};

}  // namespace cairn::ir

// Hash-consing, the basis of value numbering: finds an instruction in scope that computes the same value as another
// one.
//
// Scopes follow dominance. The caller calls mark() before it enters a region of the function, and passes the mark to
// rollback() when it leaves the region. rollback() forgets the entries that were made since the mark.
#pragma once

#include <cstdint>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

class ValueTable {
 public:
  // `expected` is the approximate number of instructions that will be in the table.
  ValueTable(const Function& function, size_t expected);

  // Instructions are equal if operation, type, operands and payload (Payload in names.hpp) are. The position, the kind
  // of a trap and MemoryAccess::can_fault do not count. Equal loads that may see different contents of memory have
  // different versions. `version` is 0 for instructions that read no memory. Returns the hash that find() and insert()
  // take.
  [[nodiscard]] uint32_t hash(const Instruction& instruction, uint32_t version) const;
  // Returns the value of an equal instruction with the same version, or none.
  [[nodiscard]] Value find(const Instruction& instruction, uint32_t version, uint32_t hash) const;
  // Makes find() return `result` for an instruction equal to `key`. Usually `result` is the instruction `key` itself.
  void insert(const Instruction& key, Value result, uint32_t version, uint32_t hash);

  // Returns the number of entries, which rollback() takes to forget later ones.
  [[nodiscard]] uint32_t mark() const { return static_cast<uint32_t>(links_.size()); }
  void rollback(uint32_t mark);

 private:
  struct Entry {
    Instruction key;
    Value result;
    uint32_t version;
  };
  // The part of an entry that each search reads. It is stored apart from Entry, because most searches find nothing and
  // so read no Entry.
  struct Link {
    uint32_t hash;
    uint32_t next;  // the next entry in the same bucket, kNoEntry at the end
  };
  static constexpr uint32_t kNoEntry = 0xffff'ffff;

  // Returns the highest index of the instruction's operands, plus one.
  [[nodiscard]] uint32_t operand_bound(const Instruction& instruction) const;
  [[nodiscard]] bool equal(const Instruction& a, const Instruction& b) const;
  void rehash(size_t buckets);
  // Puts the entry with the number linked_ into its bucket, and increments linked_.
  void link_next() const;

  const Function& function_;
  ScratchVector<Entry> entries_;
  mutable ScratchVector<Link> links_;  // parallel to entries_
  // The greatest operand_bound() of all entries that were ever made. An instruction with a higher bound is not in the
  // table. Most new instructions have a higher bound, so a search rarely reads the buckets, which are not in the
  // processor's cache if the function is large.
  uint32_t operand_bound_ = 0;
  mutable ScratchVector<uint32_t> buckets_;  // their number is a power of two
  // The number of entries that are in their buckets. The latest few entries are put there only when a search needs
  // them, so that the processor can fetch their buckets from memory meanwhile.
  mutable uint32_t linked_ = 0;
};

}  // namespace cairn::ir

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

  [[nodiscard]] uint32_t mark() const { return static_cast<uint32_t>(entries_.size()); }
  void rollback(uint32_t mark);

 private:
  struct Entry {
    Instruction key;
    Value result;
    uint32_t version;
    uint32_t hash;
    uint32_t next;  // entry with the same bucket, kNoEntry at the end
  };
  static constexpr uint32_t kNoEntry = 0xffff'ffff;

  [[nodiscard]] bool equal(const Instruction& a, const Instruction& b) const;
  void rehash(size_t buckets);

  const Function& function_;
  ScratchVector<Entry> entries_;
  ScratchVector<uint32_t> buckets_;  // a power of two of them
};

}  // namespace cairn::ir

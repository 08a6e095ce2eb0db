#include "compiler/ir/value_table.hpp"

#include <algorithm>
#include <bit>

#include "compiler/ir/names.hpp"

namespace cairn::ir {

namespace {

constexpr size_t kMinimumBuckets = 64;
constexpr uint32_t kMaximumUnlinked = 8;  // the number of entries that may still be missing from their buckets

// Returns the hash with `value` added to it. The factor is 2^64 divided by the golden ratio, rounded to an odd number.
uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e37'79b9'7f4a'7c15;
  return hash ^ (hash >> 32);
}

// --- what Instruction::extra and immediate refer to: a MemoryAccess, a list of four operands, or a vector constant

bool has_access(Opcode opcode) {
  switch (payload_of(opcode)) {
    case Payload::access:
    case Payload::access_lane:
    case Payload::access_simd:
    case Payload::displacement: return true;
    default: return false;
  }
}

bool has_list(Opcode opcode) { return opcode == Opcode::add128 || opcode == Opcode::sub128; }
bool has_vector(Opcode opcode) { return opcode == Opcode::vconst || opcode == Opcode::simd_shuffle; }

// Whether the accesses are equal except for can_fault and trap. These do not count, because an access cannot fault
// after an equal one that did not.
bool is_same_place(MemoryAccess a, const MemoryAccess& b) {
  a.can_fault = b.can_fault;
  a.trap = b.trap;
  return a == b;
}

}  // namespace

ValueTable::ValueTable(const Function& function, size_t expected)
    : function_(function), entries_(function.arena), links_(function.arena), buckets_(function.arena) {
  rehash(std::max(std::bit_ceil(expected), kMinimumBuckets));
}

uint32_t ValueTable::hash(const Instruction& inst, uint32_t version) const {
  uint64_t hash =
      mix(version, static_cast<uint64_t>(inst.opcode) << 16 | static_cast<uint64_t>(inst.type) << 8 |
                       (inst.opcode == Opcode::trap_if || inst.opcode == Opcode::trap_unless ? 0 : inst.aux));
  if (has_list(inst.opcode)) {
    for (uint32_t i = 0; i < 4; ++i) hash = mix(hash, function_.value_lists[inst.extra + i].index());
  } else {
    hash = mix(hash, uint64_t{inst.operands[0].index()} << 32 | inst.operands[1].index());
    hash = mix(hash, inst.operands[2].index());
  }
  if (has_vector(inst.opcode)) {
    const V128& bytes = function_.vector_constants[static_cast<size_t>(inst.immediate)];
    for (const std::byte byte : bytes) hash = mix(hash, static_cast<uint64_t>(byte));
  } else {
    hash = mix(hash, static_cast<uint64_t>(inst.immediate));
  }
  if (has_access(inst.opcode)) hash = mix(hash, function_.accesses[inst.extra].offset);
  return static_cast<uint32_t>(hash);
}

uint32_t ValueTable::operand_bound(const Instruction& inst) const {
  uint32_t bound = 0;
  const auto note = [&](Value operand) {
    if (operand) bound = std::max(bound, operand.index() + 1);
  };
  if (has_list(inst.opcode)) {
    for (uint32_t i = 0; i < 4; ++i) note(function_.value_lists[inst.extra + i]);
  } else {
    for (const Value operand : inst.operands) note(operand);
  }
  return bound;
}

bool ValueTable::equal(const Instruction& a, const Instruction& b) const {
  if (a.opcode != b.opcode || a.type != b.type) return false;
  // If two checks have the same condition, only the first one can trap, so the kind of trap does not count.
  if (a.aux != b.aux && a.opcode != Opcode::trap_if && a.opcode != Opcode::trap_unless) return false;
  if (has_list(a.opcode)) {
    return std::ranges::equal(function_.value_lists.as_span().subspan(a.extra, 4),
                              function_.value_lists.as_span().subspan(b.extra, 4));
  }
  if (!std::ranges::equal(a.operands, b.operands)) return false;
  if (has_vector(a.opcode)) {
    return function_.vector_constants[static_cast<size_t>(a.immediate)] ==
           function_.vector_constants[static_cast<size_t>(b.immediate)];
  }
  if (a.immediate != b.immediate) return false;
  return !has_access(a.opcode) || a.extra == b.extra ||
         is_same_place(function_.accesses[a.extra], function_.accesses[b.extra]);
}

Value ValueTable::find(const Instruction& instruction, uint32_t version, uint32_t hash) const {
  if (operand_bound(instruction) > operand_bound_) return Value::none();
  while (linked_ < links_.size()) link_next();
  for (uint32_t i = buckets_[hash & (buckets_.size() - 1)]; i != kNoEntry; i = links_[i].next) {
    if (links_[i].hash != hash) continue;
    const Entry& entry = entries_[i];
    if (entry.version == version && equal(entry.key, instruction)) return entry.result;
  }
  return Value::none();
}

void ValueTable::insert(const Instruction& key, Value result, uint32_t version, uint32_t hash) {
  operand_bound_ = std::max(operand_bound_, operand_bound(key));
  if (links_.size() >= 2 * buckets_.size()) rehash(4 * buckets_.size());
  __builtin_prefetch(&buckets_[hash & (buckets_.size() - 1)], 1);
  entries_.push_back({key, result, version});
  links_.push_back({hash, kNoEntry});
  if (links_.size() - linked_ > kMaximumUnlinked) link_next();
}

void ValueTable::link_next() const {
  uint32_t& bucket = buckets_[links_[linked_].hash & (buckets_.size() - 1)];
  links_[linked_].next = bucket;
  bucket = linked_++;
}

void ValueTable::rollback(uint32_t mark) {
  while (links_.size() > mark) {
    const Link& link = links_.back();
    if (links_.size() == linked_) {
      buckets_[link.hash & (buckets_.size() - 1)] = link.next;
      --linked_;
    }
    links_.pop_back();
    entries_.pop_back();
  }
}

void ValueTable::rehash(size_t buckets) {
  buckets_.assign(buckets, kNoEntry);
  // Entries are linked in the order in which they were made, so that rollback() finds each one at the head of its
  // bucket.
  linked_ = 0;
  while (linked_ < links_.size()) link_next();
}

}  // namespace cairn::ir

// Replaces instructions by equal ones that dominate them (global value numbering), and simplifies instructions. Loads
// are equal only if they see the same memory. A load that reads exactly the bytes of an earlier store gets the stored
// value.
//
//   v2 = iadd.i32 v0, v1
//   branch v9, block1, block2                 v2 = iadd.i32 v0, v1
//   block1:                                   branch v9, block1, block2
//     v3 = iadd.i32 v0, v1             =>     block1:
//     heap_store v0, _, v3                      heap_store v0, _, v2
//     v4 = heap_load.i32 v0, _                  return v2
//     return v4
//
// Each alias class has a version. A store of the class gives it a new version. A call, an atomic access (after which
// writes of other threads may be visible), and the start of a block where control merges give new versions to all
// classes except immutable data. Loads with equal versions see the same memory.
//
// The code after a branch or a check knows its outcome, and the code after an access through a reference knows that the
// reference is not null:
//
//   v2 = gc_test v0, v1                         v2 = gc_test v0, v1
//   branch v2, block1, block2                   branch v2, block1, block2
//   block1:                              =>     block1:
//     trap_unless v2, cast_failure                v3 = heap_load v1, v0 {field 1, offset 8}
//     v3 = heap_load v1, v0 {field 1, offset 8}
//
// The pass also removes the barriers of stores into a struct if there was no safepoint since the struct was made.
#include "abi/heap_layout.hpp"
#include "compiler/ir/effects.hpp"
#include "compiler/ir/inserter.hpp"
#include "compiler/opt/passes.hpp"
#include "compiler/opt/rewrite.hpp"

namespace cairn::opt {

using abi::ObjectKind;
using ir::AliasClass;
using ir::Block;
using ir::Condition;
using ir::Effects;
using ir::Function;
using ir::GcTest;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using ir::Type;
using ir::Value;

namespace {

// Versions are kept in slots: one slot for each alias class, and then several for the classes `global` and `field`,
// whose accesses choose a slot by their index. Accesses that share a slot count as accesses to the same memory.
constexpr size_t kGlobalSlots = 8;
constexpr size_t kFieldSlots = 15;
constexpr size_t kGlobals = 9;  // position of the first slot for globals, after one slot for each alias class
constexpr size_t kFields = kGlobals + kGlobalSlots;  // position of the first slot for fields
constexpr size_t kSlots = kFields + kFieldSlots;
struct Versions {
  uint32_t slots[kSlots] = {};
};
static_assert(static_cast<size_t>(AliasClass::field) <= kGlobals);

// Whether the access is to a field that is written only while its object is made.
bool is_constant(const MemoryAccess& access) {
  return access.alias == AliasClass::field && access.index >= ir::kConstantFields;
}

// Returns the slot with the version of the memory that is accessed.
size_t slot_of(const MemoryAccess& access) {
  if (is_constant(access)) return static_cast<size_t>(AliasClass::immutable);
  if (access.alias == AliasClass::global) return kGlobals + access.index % kGlobalSlots;
  if (access.alias == AliasClass::field) return kFields + access.index % kFieldSlots;
  return static_cast<size_t>(access.alias);
}

class Numbering {
 public:
  Numbering(Function& function, Analyses& analyses)
      : function_(function),
        flow_(analyses.flow()),
        dominators_(analyses.dominators()),
        insert_(function, ir::Simplify::yes, function.value_count()),
        replacements_(function) {}

  void run() {
    // The blocks that dominate the current one: the mark in the value table at each one's start, and the versions at
    // its end.
    struct Scope {
      uint32_t mark;
      Versions exit;
    };
    ScratchVector<Scope> scopes(function_.arena);
    for (const Block block : dominators_.preorder()) {
      const uint32_t depth = dominators_.depth(block);
      if (depth < scopes.size()) {
        insert_.table().rollback(scopes[depth].mark);
        scopes.resize(depth);
      }
      const uint32_t mark = insert_.table().mark();
      const auto predecessors = flow_.predecessors(block);
      if (predecessors.size() == 1 && depth != 0) {
        // The only predecessor is the immediate dominator.
        versions_ = scopes.back().exit;
        learn_from_branch(block, predecessors[0]);
      } else {
        invalidate_all();
      }
      visit(block);
      scopes.push_back({mark, versions_});
      if (function_.arena.exhausted()) return;
    }
    // Arguments of back edges may still name values that were replaced after the edge was visited.
    replacements_.apply(function_);
  }

 private:
  void visit(Block block) {
    for (Value v = function_[block].first; v;) {
      const Value next = function_.next(v);
      replacements_.apply(function_, v);
      visit(v);
      v = next;
    }
  }

  void visit(Value v) {
    const Opcode opcode = function_[v].opcode;
    const Effects effects = ir::facts(opcode).effects;
    const Value through = reference_of(v);
    if (through) trust(v, through);
    if (opcode == Opcode::gc_test) {
      if (const auto answer = test_of_new(v)) {
        insert_.insert_before(v);
        replacements_.replace(v, insert_.iconst(Type::i32, *answer ? 1 : 0));
        return function_.remove(v);
      }
    }
    if (ir::is_numbered(opcode)) {
      uint32_t version = 0;
      if (effects == Effects::reads) version = versions_.slots[slot_of(function_.memory_access(v))];
      // A `result` needs no version: equal ones belong to the same call or wide operation, since different calls are
      // never equal.
      const Value same = insert_.revisit(v, version);
      if (same == v) {
        if (opcode == Opcode::trap_if || opcode == Opcode::trap_unless) {
          // revisit() may have turned a trap_if into a trap_unless or back.
          insert_.insert_before(function_.next(v));
          learn(function_[v].operands[0], function_[v].opcode == Opcode::trap_unless);
        } else if (opcode == Opcode::checked) {
          insert_.insert_before(function_.next(v));
          learn_checked(function_[v]);
        } else if (through) {
          learn_non_null(v, through);
        }
        return;
      }
      if (same) replacements_.replace(v, same);
      function_.remove(v);
      return;
    }
    if (ir::is_any_call(opcode) || effects == Effects::atomic) {
      invalidate_all();
    } else if (effects == Effects::writes) {
      const MemoryAccess access = function_.memory_access(v);
      if (opcode == Opcode::gc_barrier && is_fresh(function_[v].operands[1])) return function_.remove(v);
      if (!is_constant(access)) versions_.slots[slot_of(access)] = ++last_version_;
      if (opcode == Opcode::gc_new) {
        note_new(v);
        fresh_ = v;
        fresh_version_ = versions_.slots[slot_of(access)];
      } else {
        forward_store(v, access);
        if (through) learn_non_null(v, through);
      }
    } else if (opcode == Opcode::branch || opcode == Opcode::br_table) {
      simplify_condition(v);
    }
  }

  // Gives new versions to all alias classes except immutable data, whose slot is the first one.
  void invalidate_all() {
    for (size_t i = 1; i < kSlots; ++i) versions_.slots[i] = last_version_ + 1;
    ++last_version_;
  }

  // Gives the stored value to later loads that read exactly the bytes of the store.
  void forward_store(Value v, const MemoryAccess& access) {
    const Instruction& store = function_[v];
    Instruction load;
    Value value;
    if (store.opcode == Opcode::heap_store) {
      load.opcode = Opcode::heap_load;
      load.operands[0] = store.operands[0];
      load.operands[1] = store.operands[1];
      value = store.operands[2];
    } else if (store.opcode == Opcode::store) {
      load.opcode = Opcode::load;
      load.operands[0] = store.operands[0];
      value = store.operands[1];
    } else {
      return;
    }
    load.type = function_[value].type;
    if (access.size != size_of(load.type)) return;
    load.immediate = store.immediate;
    load.extra = store.extra;
    insert_.enter(load, value, versions_.slots[slot_of(access)]);
  }

  // --- objects

  // Returns the reference that an access goes through, or none.
  Value reference_of(Value v) const {
    const Opcode opcode = function_[v].opcode;
    if (opcode != Opcode::heap_load && opcode != Opcode::heap_store) return Value::none();
    const Value address = function_[v].operands[0];
    return function_[address].type == Type::gcref ? address : Value::none();
  }
  // Returns the value of an equal instruction in scope, for instructions that read no memory, or none.
  Value find(const Instruction& inst) const { return insert_.table().find(inst, 0, insert_.table().hash(inst, 0)); }
  // Returns the instruction that compares the reference with null, or nullopt if no null constant is in scope.
  std::optional<Instruction> null_test(Value reference) const {
    Instruction null;
    null.type = Type::gcref;
    const Value zero = find(null);
    if (!zero) return std::nullopt;
    Instruction inst;
    inst.opcode = Opcode::icmp;
    inst.type = Type::i32;
    inst.aux = static_cast<uint8_t>(Condition::eq);
    inst.operands[0] = reference;
    inst.operands[1] = zero;
    return inst;
  }
  // Whether the reference is known not to be null.
  bool is_non_null(Value reference) const {
    const auto test = null_test(reference);
    const Value known = test ? find(*test) : Value::none();
    return known && insert_.constant(known) == 0;
  }
  // Clears can_fault in an access through a reference that is known not to be null.
  void trust(Value v, Value reference) {
    MemoryAccess access = function_.memory_access(v);
    if (!access.can_fault || access.alias == AliasClass::memory || !is_non_null(reference)) return;
    access.can_fault = false;
    function_[v].extra = function_.add_access(access);
  }
  // Records that the reference is not null in the code after an access to a field through it.
  void learn_non_null(Value v, Value reference) {
    const MemoryAccess& access = function_.memory_access(v);
    if (!access.can_fault || access.alias == AliasClass::memory || is_non_null(reference)) return;
    insert_.insert_before(function_.next(v));
    insert_.iconst(Type::gcref, 0);
    Instruction test = *null_test(reference);
    insert_.enter(test, insert_.iconst(Type::i32, 0), 0);
    test.aux = static_cast<uint8_t>(Condition::ne);
    insert_.enter(test, insert_.iconst(Type::i32, 1), 0);
  }
  // Records that the length of a new array is the length operand of its allocation.
  void note_new(Value v) {
    const Instruction inst = function_[v];
    if (!inst.operands[1]) return;
    MemoryAccess access;
    access.alias = AliasClass::field;
    access.index = ir::kLengthField;
    access.offset = offsetof(abi::VMArray, length);
    Instruction load;
    load.opcode = Opcode::heap_load;
    load.type = Type::i32;
    load.operands[0] = v;
    load.operands[1] = inst.operands[0];
    load.extra = function_.add_access(access);
    insert_.enter(load, inst.operands[1], 0);
  }
  // Whether the object is a struct that the latest gc_new has made, and there was no safepoint since. Each safepoint
  // gives the class heap_layout a new version.
  bool is_fresh(Value object) const {
    if (fresh_ != object || function_[object].immediate != static_cast<int64_t>(ObjectKind::structure)) return false;
    return fresh_version_ == versions_.slots[static_cast<size_t>(AliasClass::heap_layout)];
  }
  // Returns the answer of a test of a new object or of an i31, if it is certain.
  std::optional<bool> test_of_new(Value v) const {
    const GcTest test = GcTest::unpack(function_[v].immediate);
    const Value reference = function_[v].operands[1];
    const bool is_i31 = function_[reference].opcode == Opcode::gc_from_bits;
    if (!is_i31 && function_[reference].opcode != Opcode::gc_new) return std::nullopt;
    const auto kind = static_cast<ObjectKind>(function_[reference].immediate);
    switch (test.kind) {
      case GcTest::Kind::any:
      case GcTest::Kind::eq: return true;
      case GcTest::Kind::none: return false;
      case GcTest::Kind::i31: return is_i31;
      case GcTest::Kind::structure: return !is_i31 && kind == ObjectKind::structure;
      case GcTest::Kind::array: return !is_i31 && kind == ObjectKind::array;
      case GcTest::Kind::concrete:
        if (is_i31) return false;
        if (function_.memory_access(reference).index == test.type) return true;
        return std::nullopt;
    }
    return std::nullopt;
  }

  // --- conditions

  // Records whether the condition holds in the code that follows. The record is an entry in the value table for the
  // check that passes: trap_unless if the condition holds, and trap_if otherwise.
  void learn(Value condition, bool holds) {
    if (insert_.constant(condition)) return;
    Instruction check;
    check.opcode = holds ? Opcode::trap_unless : Opcode::trap_if;
    check.operands[0] = condition;
    insert_.enter(check, condition, 0);
    const Instruction inst = function_[condition];
    if (inst.opcode == Opcode::icmp) learn_compare(inst, holds);
  }
  // Records whether the compare holds in the code that follows.
  void learn_compare(const Instruction& compare, bool holds) {
    Instruction opposite = compare;
    opposite.aux = static_cast<uint8_t>(inverted(compare.condition()));
    insert_.enter(opposite, insert_.iconst(Type::i32, holds ? 0 : 1), 0);
    insert_.enter(compare, insert_.iconst(Type::i32, holds ? 1 : 0), 0);
  }
  // Records that the condition of a check holds in the code that follows. This decides branches, but no other check: a
  // `checked` has no compare as an operand.
  void learn_checked(const Instruction& checked) {
    Instruction compare;
    compare.opcode = Opcode::icmp;
    compare.type = Type::i32;
    compare.aux = checked.aux;
    compare.operands[0] = checked.operands[1];
    compare.operands[1] = checked.operands[2];
    learn_compare(compare, true);
  }
  // Records, at the start of `block`, what the branch in its only predecessor says about the condition.
  void learn_from_branch(Block block, Block predecessor) {
    const Value terminator = function_.terminator(predecessor);
    if (function_[terminator].opcode != Opcode::branch) return;
    const auto targets = function_.targets(terminator);
    if (targets[0].block == targets[1].block) return;
    insert_.insert_before(function_[block].first);
    insert_.set_position(function_[function_[block].first].position);
    learn(function_[terminator].operands[0], targets[0].block == block);
  }
  // Returns whether the condition holds, if this has been recorded.
  std::optional<bool> known(Value condition) const {
    Instruction check;
    check.operands[0] = condition;
    check.opcode = Opcode::trap_unless;
    if (find(check)) return true;
    check.opcode = Opcode::trap_if;
    if (find(check)) return false;
    return std::nullopt;
  }

  // Simplifies the condition of a branch. If the condition is known, it becomes a constant.
  void simplify_condition(Value v) {
    if (function_[v].opcode != Opcode::branch) return;
    bool is_inverted = false;
    function_[v].operands[0] = insert_.peel_condition(function_[v].operands[0], is_inverted);
    if (const auto holds = known(function_[v].operands[0])) {
      insert_.insert_before(v);
      function_[v].operands[0] = insert_.iconst(Type::i32, *holds ? 1 : 0);
    }
    if (!is_inverted) return;
    const auto targets = function_.targets(v);
    std::swap(targets[0], targets[1]);
    Instruction& inst = function_[v];
    if (inst.branch_hint() != ir::BranchHint::none) {
      inst.aux = static_cast<uint8_t>(inst.branch_hint() == ir::BranchHint::likely ? ir::BranchHint::unlikely
                                                                                   : ir::BranchHint::likely);
    }
  }

  Function& function_;
  const ir::ControlFlow& flow_;
  const ir::Dominators& dominators_;
  ir::Inserter insert_;
  Replacements replacements_;
  Versions versions_;
  uint32_t last_version_ = 0;
  Value fresh_;                 // the latest new object
  uint32_t fresh_version_ = 0;  // the version of the class heap_layout after fresh_ was made
};

}  // namespace

void number_values(Function& function, Analyses& analyses) { Numbering(function, analyses).run(); }

}  // namespace cairn::opt

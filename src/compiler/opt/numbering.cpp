// Global value numbering with simplification, over the dominator tree; loads are numbered by what they may see, and a
// store gives the value of the load that reads what it wrote.
//
//   v2 = iadd.i32 v0, v1
//   branch v9, block1, block2                 v2 = iadd.i32 v0, v1
//   block1:                                   branch v9, block1, block2
//     v3 = iadd.i32 v0, v1             =>     block1:
//     heap_store v0, _, v3                      heap_store v0, _, v2
//     v4 = heap_load.i32 v0, _                  return v2
//     return v4
//
// Each alias class has a version: stores of the class give it a new one, and so do calls, atomic accesses (after which
// what other threads wrote may be visible), and blocks where control merges. Loads of equal version see the same memory. A
// load that may trap is redundant only where an equal one has been passed, which dominance gives.
#include "compiler/ir/effects.hpp"
#include "compiler/ir/inserter.hpp"
#include "compiler/opt/passes.hpp"
#include "compiler/opt/rewrite.hpp"

namespace cairn::opt {

using ir::AliasClass;
using ir::Block;
using ir::Effects;
using ir::Function;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using ir::Value;

namespace {

// A version for each alias class, and some for globals and for fields, by index.
constexpr size_t kGlobalSlots = 8;
constexpr size_t kFieldSlots = 15;
constexpr size_t kGlobals = 9;  // position of the first
constexpr size_t kFields = kGlobals + kGlobalSlots;
constexpr size_t kSlots = kFields + kFieldSlots;
struct Versions {
  uint32_t slots[kSlots] = {};
};
static_assert(static_cast<size_t>(AliasClass::field) <= kGlobals);

// Written before anything reads it.
bool is_constant(const MemoryAccess& access) {
  return access.alias == AliasClass::field && access.index >= ir::kConstantFields;
}

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
        replacements_(function),
        exits_(function.arena) {}

  void run() {
    exits_.resize(function_.block_count());
    struct Scope {
      Block block;
      uint32_t mark;
    };
    ArenaVector<Scope> scopes(function_.arena);
    for (const Block block : dominators_.preorder()) {
      const uint32_t depth = dominators_.depth(block);
      if (depth < scopes.size()) {
        insert_.table().rollback(scopes[depth].mark);
        scopes.resize(depth);
      }
      scopes.push_back({block, insert_.table().mark()});
      visit(block);
      if (function_.arena.exhausted()) return;
    }
    // Arguments on the way back to a loop may name what was replaced later.
    replacements_.apply(function_);
  }

 private:
  void visit(Block block) {
    const auto predecessors = flow_.predecessors(block);
    if (predecessors.size() == 1 && predecessors[0] != block) {
      versions_ = exits_[predecessors[0].index()];
    } else {
      invalidate_all();
    }
    for (Value v = function_[block].first; v;) {
      const Value next = function_.next(v);
      replacements_.apply(function_, v);
      visit(v);
      v = next;
    }
    exits_[block.index()] = versions_;
  }

  void visit(Value v) {
    const Opcode opcode = function_[v].opcode;
    const Effects effects = ir::facts(opcode).effects;
    if (ir::is_numbered(opcode)) {
      uint32_t version = 0;
      if (effects == Effects::reads) version = versions_.slots[slot_of(function_.memory_access(v))];
      // Results of calls are as unlike each other as the calls.
      const Value same = insert_.revisit(v, version);
      if (same == v) return;
      if (same) replacements_.replace(v, same);
      function_.remove(v);
      return;
    }
    if (ir::is_any_call(opcode) || effects == Effects::atomic) {
      invalidate_all();
    } else if (effects == Effects::writes) {
      const MemoryAccess access = function_.memory_access(v);
      if (!is_constant(access)) versions_.slots[slot_of(access)] = ++last_version_;
      forward_store(v, access);
    } else if (opcode == Opcode::branch || opcode == Opcode::br_table) {
      simplify_condition(v);
    }
  }

  void invalidate_all() {
    // Immutable data keep their version.
    for (size_t i = 1; i < kSlots; ++i) versions_.slots[i] = last_version_ + 1;
    ++last_version_;
  }

  // The load that reads just what the store wrote gives the value.
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

  void simplify_condition(Value v) {
    if (function_[v].opcode != Opcode::branch) return;
    bool is_inverted = false;
    function_[v].operands[0] = insert_.peel_condition(function_[v].operands[0], is_inverted);
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
  ArenaVector<Versions> exits_;
  Versions versions_;
  uint32_t last_version_ = 0;
};

}  // namespace

void number_values(Function& function, Analyses& analyses) { Numbering(function, analyses).run(); }

}  // namespace cairn::opt

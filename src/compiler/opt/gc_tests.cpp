// Turns type tests of references into loads, compares and branches.
//
//   v2 = gc_test v0, v1   {a final type}       v3 = heap_load.i32 v1, v0   {the object's type, faults on null}
//   trap_unless v2, cast_failure         =>    v4 = type_id 5
//                                              v5 = icmp.eq v3, v4
//                                              trap_unless v5, cast_failure
//
// A test whose only use is a branch becomes branches to the targets of that branch. A test whose value has other uses
// gets a block where control meets, with the answer as a parameter. For a type that is not final, the test reads the
// display of the object's type, which holds its supertypes by depth: the entry at the depth of the wanted type must be
// that type (abi/heap_layout.hpp).
#include "abi/vmcontext.hpp"
#include "compiler/opt/passes.hpp"
#include "compiler/opt/rewrite.hpp"

namespace cairn::opt {

using abi::ObjectKind;
using ir::AliasClass;
using ir::Block;
using ir::BlockData;
using ir::Condition;
using ir::Function;
using ir::GcTest;
using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using ir::Target;
using ir::Type;
using ir::Value;

namespace {

class TestExpander {
 public:
  explicit TestExpander(Function& function) : function_(function), replacements_(function), uses_(function.arena) {}

  // Returns whether control flow has changed.
  bool run() {
    if (!count_uses()) return false;
    // Each block is visited from its end, so that the code after a test is moved only once.
    const uint32_t blocks = function_.block_count();
    for (uint32_t b = 0; b < blocks; ++b) {
      for (Value v = function_[Block(b)].last; v;) {
        const Value before = function_.previous(v);
        if (function_[v].opcode == Opcode::gc_test) expand(v);
        v = before;
      }
    }
    replacements_.apply(function_);
    return changed_flow_;
  }

 private:
  // How the test's value is used: only as the condition of a branch or of a trap_unless in its block, or in another
  // way.
  enum class Form : uint8_t { value, branch, trap };
  struct Use {
    Value user;          // the latest user that was found; none if it passes the value as an argument to a block
    uint32_t count = 0;  // number of uses
  };

  // Sets uses_. Returns false, without setting it, if the function has no gc_test.
  bool count_uses() {
    bool any = false;
    for (uint32_t b = 0; b < function_.block_count(); ++b) {
      for (Value v = function_[Block(b)].first; v; v = function_.next(v)) any |= function_[v].opcode == Opcode::gc_test;
    }
    if (!any) return false;
    uses_.resize(function_.value_count());
    const auto use = [&](Value value, Value user) {
      if (value) uses_[value.index()] = {user, uses_[value.index()].count + 1};
    };
    for (uint32_t b = 0; b < function_.block_count(); ++b) {
      for (Value v = function_[Block(b)].first; v; v = function_.next(v)) {
        for (const Value operand : function_.operands(v)) use(operand, v);
        for (const Target& target : function_.targets(v)) {
          for (const Value argument : function_.arguments(target)) use(argument, Value::none());
        }
      }
    }
    return true;
  }

  // --- placing instructions, in front of `before_` or at the end of `block_`

  Value put(Instruction inst) {
    inst.position = position_;
    return before_ ? function_.insert_before(before_, inst) : function_.append(block_, inst);
  }
  Value constant(Type type, int64_t value) {
    Instruction inst;  // an iconst
    inst.type = type;
    inst.immediate = value;
    return put(inst);
  }
  Value compare(Condition condition, Value a, Value b) {
    Instruction inst;
    inst.opcode = Opcode::icmp;
    inst.type = Type::i32;
    inst.aux = static_cast<uint8_t>(condition);
    inst.operands[0] = a;
    inst.operands[1] = b;
    return put(inst);
  }
  // Loads immutable data of the runtime from `base`, or the VMContext, plus `displacement` in bytes. `access` says
  // whether the load can fault.
  Value load(Type type, Value base, uint64_t displacement, MemoryAccess access = {}) {
    access.size = static_cast<uint8_t>(size_of(type));
    access.alias = AliasClass::immutable;
    Instruction inst;
    inst.opcode = Opcode::load;
    inst.type = type;
    inst.operands[0] = base;
    inst.immediate = static_cast<int64_t>(displacement);
    inst.extra = function_.add_access(access);
    return put(inst);
  }
  // Loads a field of the object's header or of the VMFuncRef, zero-extended to an i32. `offset` and `size` are in
  // bytes. If the test's only use is a trap_unless, the load itself traps in the same way if the reference is null.
  Value load_header(uint64_t offset, unsigned size) {
    MemoryAccess access;
    if (form_ == Form::trap && test_.may_be_null) {
      access.can_fault = true;
      access.trap = function_[user_].trap_kind();
    }
    if (!base_) return load(Type::i32, reference_, offset, access);
    access.offset = offset;
    access.size = static_cast<uint8_t>(size);
    access.alias = AliasClass::immutable;
    if (size < 4) access.extension = ir::Extension::zero;
    Instruction inst;
    inst.opcode = Opcode::heap_load;
    inst.type = Type::i32;
    inst.operands[0] = reference_;
    inst.operands[1] = base_;
    inst.extra = function_.add_access(access);
    return put(inst);
  }

  // --- control

  // Creates a block with the properties of block_.
  Block create_block() {
    const Block block = function_.create_block();
    function_[block].loop_depth = function_[block_].loop_depth;
    function_[block].is_cold = function_[block_].is_cold;
    return block;
  }
  void end_block(Opcode opcode, Value condition, std::initializer_list<Target> targets) {
    Instruction inst;
    inst.opcode = opcode;
    inst.operands[0] = condition;
    function_.set_targets(inst, std::span(targets.begin(), targets.size()));
    put(inst);
  }
  // Moves the code after `last` in its block to a new block, and returns the new block. put() appends after `last` from
  // then on.
  Block split_after(Value last) {
    changed_flow_ = true;
    block_ = function_.block_of(last);
    before_ = Value::none();
    const Block rest = create_block();
    const Value first = function_.next(last);
    for (Value v = first; v; v = function_.next(v)) function_.links[v.index()].block = rest;
    BlockData& from = function_[block_];
    BlockData& to = function_[rest];
    to.first = first;
    to.last = from.last;
    from.last = last;
    function_.links[last.index()].next = Value::none();
    function_.links[first.index()].previous = Value::none();
    return rest;
  }

  // Makes `answer` the test's answer if the condition is not zero. The code that put() places next runs if the
  // condition is zero.
  void decide(Value condition, bool answer) {
    if (form_ == Form::trap && !answer) {
      put_check(Opcode::trap_if, condition);
      return;
    }
    const Block next = create_block();
    end_block(Opcode::branch, condition, {target_of(answer), Target{next}});
    block_ = next;
  }
  // Returns where control goes when the test's answer is `answer`.
  Target target_of(bool answer) {
    if (form_ == Form::branch) {
      // Each edge needs its own list of arguments.
      Target target = answer ? yes_ : no_;
      const std::span<const Value> arguments = function_.arguments(target);
      target.first_argument = function_.add_values(arguments);
      return target;
    }
    if (form_ == Form::trap) return Target{rest_};
    const Value argument[] = {constant(Type::i32, answer ? 1 : 0)};
    return Target{rest_, function_.add_values(argument), 1};
  }
  // Places a check that traps as user_ does.
  void put_check(Opcode opcode, Value condition) {
    Instruction inst = function_[user_];
    inst.opcode = opcode;
    inst.operands[0] = condition;
    put(inst);
  }

  // --- the test

  // Replaces the gc_test `v`.
  void expand(Value v) {
    const Use use = uses_[v.index()];
    if (use.count == 0) return function_.remove(v);
    test_ = GcTest::unpack(function_[v].immediate);
    base_ = function_[v].operands[0];
    reference_ = function_[v].operands[1];
    position_ = function_[v].position;
    form_ = Form::value;
    user_ = Value::none();
    if (use.count == 1 && use.user && function_.block_of(use.user) == function_.block_of(v)) {
      user_ = use.user;
      if (function_[user_].opcode == Opcode::branch) form_ = Form::branch;
      if (function_[user_].opcode == Opcode::trap_unless) form_ = Form::trap;
    }
    const bool has_header = test_.kind != GcTest::Kind::any && test_.kind != GcTest::Kind::i31;
    // If the test's only use is a trap_unless, the load of the header traps on null, so no test for null is needed
    // unless null is accepted.
    const bool tests_null = test_.may_be_null && (test_.accepts_null || !(form_ == Form::trap && has_header));
    const bool tests_i31 = test_.may_be_i31 && has_header;
    const bool accepts_i31 = test_.kind == GcTest::Kind::eq;
    // Chooses where the code goes, and splits the block if the code for the test has branches.
    switch (form_) {
      case Form::branch: {
        yes_ = function_.targets(user_)[0];
        no_ = function_.targets(user_)[1];
        changed_flow_ = true;
        block_ = function_.block_of(user_);
        before_ = Value::none();
        position_ = function_[user_].position;
        function_.remove(user_);
        function_.remove(v);
        break;
      }
      case Form::trap: {
        // Whether a test before the last one can find that the answer is yes. Then the code after the trap_unless needs
        // a block of its own, to which this test jumps.
        const bool leaves_early = (tests_null && test_.accepts_null) || (tests_i31 && accepts_i31);
        before_ = user_;
        if (leaves_early) rest_ = split_after(user_);
        function_.remove(v);
        if (leaves_early) function_.remove(user_);
        break;
      }
      case Form::value: {
        before_ = v;
        if (tests_null || tests_i31) rest_ = split_after(v);
        break;
      }
    }
    const bool is_split = !before_;
    if (tests_null)
      decide(compare(Condition::eq, reference_, constant(function_[reference_].type, 0)), test_.accepts_null);
    if (tests_i31) decide(low_bit(), accepts_i31);
    const Value answer = final_answer();
    switch (form_) {
      case Form::branch: end_block(Opcode::branch, answer, {yes_, no_}); break;
      case Form::trap:
        put_check(Opcode::trap_unless, answer);
        if (is_split) {
          end_block(Opcode::jump, Value::none(), {Target{rest_}});
        } else {
          function_.remove(user_);
        }
        break;
      case Form::value:
        if (is_split) {
          const Value argument[] = {answer};
          end_block(Opcode::jump, Value::none(), {Target{rest_, function_.add_values(argument), 1}});
          replacements_.replace(v, function_.append_param(rest_, Type::i32));
        } else {
          replacements_.replace(v, answer);
        }
        function_.remove(v);
        break;
    }
  }

  // Returns the reference's lowest bit, which is set only for an i31.
  Value low_bit() {
    Instruction bits;
    bits.opcode = Opcode::gc_bits;
    bits.type = Type::i32;
    bits.operands[0] = reference_;
    Instruction low;
    low.opcode = Opcode::iand;
    low.type = Type::i32;
    low.operands[0] = put(bits);
    low.operands[1] = constant(Type::i32, 1);
    return put(low);
  }

  // Returns the answer for a reference that the tests for null and for an i31 have not decided.
  Value final_answer() {
    const auto kind_is = [&](Condition condition, ObjectKind kind) {
      return compare(condition, load_header(offsetof(abi::VMObject, kind), 1),
                     constant(Type::i32, static_cast<int64_t>(kind)));
    };
    switch (test_.kind) {
      case GcTest::Kind::any: return constant(Type::i32, 1);
      case GcTest::Kind::none: return constant(Type::i32, 0);
      case GcTest::Kind::i31: return low_bit();
      case GcTest::Kind::structure: return kind_is(Condition::eq, ObjectKind::structure);
      case GcTest::Kind::array: return kind_is(Condition::eq, ObjectKind::array);
      case GcTest::Kind::eq:
        static_assert(ObjectKind::structure < ObjectKind::array && static_cast<int>(ObjectKind::array) == 1);
        return kind_is(Condition::ule, ObjectKind::array);
      case GcTest::Kind::concrete: break;
    }
    const Value actual = load_header(base_ ? offsetof(abi::VMObject, type_id) : offsetof(abi::VMFuncRef, type_id), 4);
    Instruction id;
    id.opcode = Opcode::type_id;
    id.type = Type::i32;
    id.immediate = test_.type;
    if (test_.is_exact) return compare(Condition::eq, actual, put(id));
    Instruction entry;
    entry.opcode = Opcode::array_address;
    entry.type = Type::i64;
    entry.operands[0] = load(Type::i64, Value::none(), offsetof(abi::VMContext, types));
    entry.operands[1] = actual;
    entry.immediate = sizeof(void*);
    const Value info = load(Type::i64, put(entry), 0);
    Value position;
    if (test_.depth >= abi::kMinimumDisplay) {
      // A display has at least kMinimumDisplay entries, but perhaps none for this depth. If the object's type is less
      // deep than the wanted type, entry 0 is read instead, which is not the wanted type.
      const Value depth = load(Type::i32, info, offsetof(abi::VMTypeInfo, depth));
      const Value wanted = constant(Type::i32, test_.depth);
      Instruction select;
      select.opcode = Opcode::select;
      select.type = Type::i32;
      select.operands[0] = compare(Condition::uge, depth, wanted);
      select.operands[1] = wanted;
      select.operands[2] = constant(Type::i32, 0);
      Instruction address;
      address.opcode = Opcode::array_address;
      address.type = Type::i64;
      address.operands[0] = info;
      address.operands[1] = put(select);
      address.immediate = sizeof(uint32_t);
      position = put(address);
    } else {
      position = info;
    }
    const uint64_t displacement =
        offsetof(abi::VMTypeInfo, ancestors) + (position == info ? uint64_t{test_.depth} * sizeof(uint32_t) : 0);
    const Value ancestor = load(Type::i32, position, displacement);
    return compare(Condition::eq, ancestor, put(id));
  }

  Function& function_;
  Replacements replacements_;
  ScratchVector<Use> uses_;
  bool changed_flow_ = false;
  // The members from here on describe the test that is being expanded, and where its code is placed.
  GcTest test_;
  Form form_ = Form::value;
  Value base_, reference_;  // the operands of the test
  Value user_;              // the branch or trap_unless, or none for Form::value
  Target yes_, no_;         // for Form::branch
  Block rest_;              // the block after the test, if the block is split
  Block block_;             // the block at whose end put() appends if before_ is none
  Value before_;            // the instruction in front of which put() inserts
  uint32_t position_ = 0;   // Instruction::position of the code
};

}  // namespace

void expand_tests(Function& function, Analyses& analyses) {
  if (TestExpander(function).run()) analyses.invalidate();
}

}  // namespace cairn::opt

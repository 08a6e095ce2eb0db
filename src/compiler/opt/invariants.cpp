// Moves instructions whose value does not change in a loop to the block in front of the loop.
//
//     jump block1                               v2 = load.i64 _, 64 {immutable}
//   block1: loop                                jump block1
//     v2 = load.i64 _, 64 {immutable}    =>   block1: loop
//     v3 = heap_load.i32 v1, v2                 v3 = heap_load.i32 v1, v2
//
// Only loops without calls gain from this: in a loop with calls, the value would be kept in the stack frame across the
// calls, and loading it from there is no better than computing it again. Instructions that are cheap to repeat stay. A
// load moves only if it cannot fault and nothing in the loop writes its alias class.
#include "compiler/ir/effects.hpp"
#include "compiler/opt/passes.hpp"
#include "compiler/opt/rewrite.hpp"

namespace cairn::opt {

using ir::AliasClass;
using ir::Block;
using ir::Effects;
using ir::Function;
using ir::Instruction;
using ir::Opcode;
using ir::Value;

namespace {

// An instruction moves out of at most this many loops. More is not worthwhile, and the limit keeps the pass linear.
constexpr int kMaximumLevels = 8;

class InvariantHoister {
 public:
  InvariantHoister(Function& function, Analyses& analyses)
      : function_(function),
        flow_(analyses.flow()),
        dominators_(analyses.dominators()),
        loops_(analyses.loops()),
        summaries_(function.arena) {}

  void run() {
    summarize();
    for (const Block block : flow_.order()) {
      if (!loops_.loop_of(block)) continue;
      for (Value v = function_[block].first; v;) {
        const Value next = function_.next(v);
        hoist(v, loops_.loop_of(block));
        v = next;
      }
    }
  }

 private:
  using Loop = ir::Loops::Loop;
  struct Summary {
    Value entry;           // the jump that leads into the loop; none unless it is the only edge into the loop
    uint32_t written = 0;  // the alias classes that the loop writes, each as a bit(); calls do not count
    bool has_calls = false;
  };

  static uint32_t bit(AliasClass alias) { return uint32_t{1} << static_cast<uint32_t>(alias); }

  // Sets summaries_.
  void summarize() {
    summaries_.resize(loops_.count());
    for (const Block block : flow_.order()) {
      const Loop loop = loops_.loop_of(block);
      if (!loop) continue;
      Summary& summary = summaries_[loop.index()];
      for (Value v = function_[block].first; v; v = function_.next(v)) {
        const Effects effects = ir::facts(function_[v].opcode).effects;
        if (ir::is_any_call(function_[v].opcode)) summary.has_calls = true;
        if (effects == Effects::atomic) {
          summary.written = ~uint32_t{0};
        } else if (effects == Effects::writes) {
          summary.written |= bit(function_.memory_access(v).alias);
        }
      }
    }
    // Inner loops come first, so that each loop gets the calls and writes of the loops in it.
    for (uint32_t i = loops_.count(); i-- > 0;) {
      const ir::Loops::LoopData& data = loops_[Loop(i)];
      Summary& summary = summaries_[i];
      if (data.parent) {
        summaries_[data.parent.index()].has_calls |= summary.has_calls;
        summaries_[data.parent.index()].written |= summary.written;
      }
      uint32_t ways_in = 0;
      for (const Block predecessor : flow_.predecessors(data.header)) {
        if (dominators_.dominates(data.header, predecessor)) continue;
        ++ways_in;
        const Value terminator = function_.terminator(predecessor);
        summary.entry = function_[terminator].opcode == Opcode::jump ? terminator : Value::none();
      }
      if (ways_in != 1) summary.entry = Value::none();
    }
  }

  // Whether it pays to compute the value once in front of a loop, and whether this is safe even if the loop would not
  // execute the instruction.
  bool is_worthwhile(Value v) const {
    const Instruction& inst = function_[v];
    switch (inst.opcode) {
      case Opcode::fconst: return inst.immediate != 0;
      case Opcode::load: {
        const ir::MemoryAccess& access = function_.memory_access(v);
        if (access.can_fault || access.alias == AliasClass::table || access.alias == AliasClass::runtime) return false;
        // The base must be valid wherever the loop is entered. The VMContext and pointers that were loaded are valid; a
        // computed address, such as that of an element, may be valid only after a check in the loop.
        const Value base = inst.operands[0];
        return !base || function_[base].opcode == Opcode::load;
      }
      case Opcode::gc_address:  // moves only out of loops without safepoints
      case Opcode::vconst:
      case Opcode::imul:
      case Opcode::popcnt:
      case Opcode::fadd:
      case Opcode::fsub:
      case Opcode::fmul:
      case Opcode::fdiv:
      case Opcode::fsqrt:
      case Opcode::fmin:
      case Opcode::fmax:
      case Opcode::fneg:
      case Opcode::fabs:
      case Opcode::fcopysign:
      case Opcode::fceil:
      case Opcode::ffloor:
      case Opcode::ftrunc:
      case Opcode::fnearest:
      case Opcode::fpromote:
      case Opcode::fdemote:
      case Opcode::convert_s:
      case Opcode::convert_u:
      case Opcode::trunc_sat_s:
      case Opcode::trunc_sat_u:
      case Opcode::simd_unary:
      case Opcode::simd_binary:
      case Opcode::simd_ternary:
      case Opcode::simd_shuffle:
      case Opcode::simd_replace: return true;
      default: return false;
    }
  }

  // Moves the instruction in front of the outermost loop that it can leave. `innermost` is the innermost loop around
  // it.
  void hoist(Value v, Loop innermost) {
    if (!is_worthwhile(v)) return;
    Loop out;
    int levels = 0;
    for (Loop loop = innermost; loop && levels < kMaximumLevels; loop = loops_[loop].parent, ++levels) {
      const Summary& summary = summaries_[loop.index()];
      if (summary.has_calls || !summary.entry || !is_invariant(v, loop)) break;
      out = loop;
    }
    if (out) function_.move_before(v, summaries_[out.index()].entry);
  }

  // Whether the value is the same in each iteration of the loop.
  bool is_invariant(Value v, Loop loop) const {
    if (ir::facts(function_[v].opcode).effects == Effects::reads &&
        (summaries_[loop.index()].written & bit(function_.memory_access(v).alias)) != 0) {
      return false;
    }
    for (const Value operand : function_.operands(v)) {
      if (!operand) continue;
      // The operand's block dominates a block of the loop. So it is outside the loop exactly if it dominates the header
      // and is not the header.
      const Block block = function_.block_of(operand);
      const Block header = loops_[loop].header;
      if (block == header || !dominators_.dominates(block, header)) return false;
    }
    return true;
  }

  Function& function_;
  const ir::ControlFlow& flow_;
  const ir::Dominators& dominators_;
  const ir::Loops& loops_;
  ScratchVector<Summary> summaries_;  // indexed by loop
};

}  // namespace

void hoist_invariants(Function& function, Analyses& analyses) {
  if (analyses.flow().has_cycles()) InvariantHoister(function, analyses).run();
}

}  // namespace cairn::opt

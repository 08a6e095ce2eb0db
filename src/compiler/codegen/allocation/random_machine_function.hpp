// Makes random machine functions for tests of the register allocator. They have structured control flow with loops,
// breaks and continues, all kinds of constraints, and calls.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen::testing {

// A register file like that of x86-64 (floating-point and vector values share registers), or of RV64 without V (no
// vector registers).
struct TestRegisters {
  std::vector<PReg> lists[kRegClasses];  // the allocatable registers by class; `file` refers to them
  RegisterFile file;
  explicit TestRegisters(bool with_vectors, unsigned count = 8) {
    for (unsigned i = 0; i < count; ++i) lists[0].push_back(PReg::integer(i));
    for (unsigned i = 0; i < count; ++i) lists[1].push_back(PReg::floating(i));
    if (with_vectors) lists[2] = lists[1];
    for (unsigned i = 0; i < count - count / 3; ++i) lists[3].push_back(PReg::integer(i));  // no callee-saved ones
    for (unsigned c = 0; c < kRegClasses; ++c) file.allocatable[c] = lists[c];
    for (unsigned i = count - count / 3; i < count; ++i) file.callee_saved.add(PReg::integer(i));
    file.scratch = {PReg::integer(20), PReg::floating(20), with_vectors ? PReg::floating(20) : PReg(),
                    PReg::integer(20)};
    file.spill_size = {8, 8, 16, 8};
  }
  [[nodiscard]] PRegSet caller_saved() const {
    PRegSet set;
    for (const auto& list : lists)
      for (PReg r : list) set.add(r);
    return set - file.callee_saved;
  }
};

struct RandomOptions {
  unsigned size = 40;      // approximate number of statements
  unsigned max_depth = 4;  // how deep branches and loops may be nested
  unsigned calls = 10;     // percentage of instructions that are calls
  // Whether values of all classes are made. If not, all but the first floating-point value and the results of
  // allocations are integers.
  bool classes = true;
};

class RandomFunction {
 public:
  RandomFunction(MachineFunction& function, const TestRegisters& registers, uint64_t seed, RandomOptions options)
      : f_(function), registers_(registers), random_(seed), options_(options), left_(options.size) {}

  // Fills in the machine function, which must be empty.
  void generate() {
    f_.clobber_sets.push_back(registers_.caller_saved());
    PRegSet few;  // clobber set 2; set 1 has all caller-saved registers
    few.add(PReg::integer(2));
    few.add(PReg::floating(1));
    f_.clobber_sets.push_back(few);
    open(false, {});
    std::vector<Operand> defs;
    for (unsigned i = 0; i < 3; ++i) defs.push_back(Operand::def_fixed(fresh(RegClass::integer), PReg::integer(i)));
    defs.push_back(Operand::def_fixed(fresh(RegClass::floating), PReg::floating(0)));
    emit(defs);
    for (const Operand& d : defs) scope_.push_back(d.reg);
    sequence(0);
    finish_return();
    write();
  }

 private:
  struct Block {
    std::vector<VReg> params;
    std::vector<VReg> arguments;
    std::vector<uint32_t> successors;
    MachineBlock data;
  };

  uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  bool chance(unsigned percent) { return below(100) < percent; }
  VReg fresh(RegClass c) { return f_.new_vreg(c); }
  RegClass random_class() {
    if (!options_.classes) return RegClass::integer;
    const uint32_t n = below(12);
    return n < 6 ? RegClass::integer : n < 8 ? RegClass::floating : n < 10 ? RegClass::vector : RegClass::reference;
  }
  // Returns a value in scope of the class. If none is found, makes one.
  VReg pick(RegClass c) {
    // Recent values are preferred.
    for (unsigned tries = 0; tries < 12 && !scope_.empty(); ++tries) {
      const size_t n = scope_.size();
      const size_t back =
          chance(60) ? below(static_cast<uint32_t>(std::min<size_t>(n, 6))) : below(static_cast<uint32_t>(n));
      const VReg reg = scope_[n - 1 - back];
      if (f_.class_of(reg) == c) return reg;
    }
    const VReg reg = fresh(c);
    emit({Operand::def(reg)}, chance(50) ? InstFlag::rematerializable : InstFlag::none);
    scope_.push_back(reg);
    return reg;
  }

  // --- blocks

  // Begins a block, which comes after all others.
  uint32_t open(bool cold, std::vector<VReg> params) {
    blocks_.emplace_back();
    Block& block = blocks_.back();
    block.params = std::move(params);
    block.data.first_inst = static_cast<uint32_t>(f_.insts.size());
    block.data.is_cold = cold;
    block.data.loop_depth = static_cast<uint16_t>(loops_.size());
    current_ = static_cast<uint32_t>(blocks_.size() - 1);
    return current_;
  }
  void add_successor(uint32_t block, uint32_t successor) { blocks_[block].successors.push_back(successor); }
  void emit(const std::vector<Operand>& operands, InstFlag flags = InstFlag::none, uint32_t clobbers = 0) {
    MachineInst inst;
    inst.flags = flags;
    inst.operand_count = static_cast<uint8_t>(operands.size());
    inst.first_operand = static_cast<uint32_t>(f_.operands.size());
    inst.clobbers = clobbers;
    for (const Operand& o : operands) f_.operands.push_back(o);
    f_.insts.push_back(inst);
  }
  void close() { blocks_[current_].data.end_inst = static_cast<uint32_t>(f_.insts.size()); }
  void jump(uint32_t to, std::vector<VReg> arguments) {
    emit({}, InstFlag::terminator);
    close();
    blocks_[current_].successors = {to};
    blocks_[current_].arguments = std::move(arguments);
  }
  // Makes a jump whose target does not exist yet. `fixups` remembers the block.
  void jump_later(std::vector<uint32_t>& fixups, std::vector<VReg> arguments) {
    fixups.push_back(current_);
    jump(0, std::move(arguments));
  }
  void branch() {
    std::vector<Operand> operands{Operand::use(pick(RegClass::integer))};
    if (chance(50)) operands.push_back(Operand::use_any(pick(RegClass::integer)));
    emit(operands, InstFlag::terminator);
    close();
  }
  void finish_return() {
    emit({Operand::use_fixed(pick(RegClass::integer), PReg::integer(1))}, InstFlag::terminator);
    close();
  }
  std::vector<VReg> values_for(const std::vector<RegClass>& classes) {
    std::vector<VReg> values;
    for (RegClass c : classes) values.push_back(pick(c));
    return values;
  }
  std::vector<RegClass> random_classes(unsigned most) {
    std::vector<RegClass> classes(below(most + 1));
    for (RegClass& c : classes) c = random_class();
    return classes;
  }
  std::vector<VReg> fresh_all(const std::vector<RegClass>& classes) {
    std::vector<VReg> values;
    for (RegClass c : classes) values.push_back(fresh(c));
    return values;
  }

  // --- statements
  void sequence(unsigned depth) {
    for (uint32_t n = 1 + below(8); n > 0 && left_ > 0; --n) {
      --left_;
      if (depth < options_.max_depth && chance(12)) {
        diamond(depth);
      } else if (depth < options_.max_depth && chance(10)) {
        loop(depth);
      } else if (depth < options_.max_depth && chance(5)) {
        early_exit(depth);
      } else if (depth < options_.max_depth && chance(options_.calls / 2)) {
        throwing_call(depth);
      } else {
        instruction();
      }
    }
    if (depth == 0 && left_ > 0) sequence(0);
  }

  // A branch to two or more blocks that meet again.
  void diamond(unsigned depth) {
    const std::vector<RegClass> classes = random_classes(chance(10) ? 14 : 3);
    const uint32_t arms = chance(80) ? 2 : 3 + below(4);
    branch();
    const uint32_t head = current_;
    const size_t height = scope_.size();
    std::vector<uint32_t> fixups;
    for (uint32_t i = 0; i < arms; ++i) {
      const uint32_t arm = open(chance(20), {});
      blocks_[head].successors.push_back(arm);
      if (chance(80)) sequence(depth + 1);
      jump_later(fixups, values_for(classes));
      scope_.resize(height);
    }
    join(fixups, classes);
  }

  // A call that is a terminator. Its results belong to the first successor, the exception to the second.
  void throwing_call(unsigned depth) {
    const std::vector<RegClass> classes = random_classes(3);
    std::vector<Operand> operands;
    for (uint32_t i = 0, n = below(5); i < n; ++i)
      operands.push_back(Operand::use_fixed(pick(RegClass::integer), PReg::integer(i)));
    if (chance(20)) operands.push_back(Operand::use(pick(RegClass::integer)));
    std::vector<VReg> results, exception;
    if (chance(70))
      operands.push_back(Operand::def_fixed(results.emplace_back(fresh(RegClass::integer)), PReg::integer(0)));
    if (options_.classes && chance(30))
      operands.push_back(Operand::def_fixed(results.emplace_back(fresh(RegClass::floating)), PReg::floating(0)));
    if (chance(80))
      operands.push_back(Operand::def_fixed(exception.emplace_back(fresh(RegClass::integer)), PReg::integer(3)));
    emit(operands, InstFlag::call | InstFlag::terminator, 1);
    close();
    const uint32_t head = current_;
    const size_t height = scope_.size();
    std::vector<uint32_t> fixups;
    for (const std::vector<VReg>* defined : {&results, &exception}) {
      const uint32_t arm = open(defined == &exception && chance(70), {});
      blocks_[head].successors.push_back(arm);
      scope_.insert(scope_.end(), defined->begin(), defined->end());
      if (chance(70)) sequence(depth + 1);
      jump_later(fixups, values_for(classes));
      scope_.resize(height);
    }
    join(fixups, classes);
  }

  void join(const std::vector<uint32_t>& fixups, const std::vector<RegClass>& classes) {
    const std::vector<VReg> params = fresh_all(classes);
    const uint32_t next = open(false, params);
    for (uint32_t b : fixups) blocks_[b].successors = {next};
    scope_.insert(scope_.end(), params.begin(), params.end());
  }

  void loop(unsigned depth) {
    const std::vector<RegClass> classes = random_classes(chance(10) ? 14 : 4);
    const std::vector<RegClass> results = random_classes(2);
    std::vector<VReg> initial = values_for(classes);
    const uint32_t header = static_cast<uint32_t>(blocks_.size());
    jump(header, initial);
    const std::vector<VReg> params = fresh_all(classes);
    loops_.push_back({header, classes, results, {}});
    open(false, params);
    const size_t height = scope_.size();
    scope_.insert(scope_.end(), params.begin(), params.end());
    sequence(depth + 1);
    branch();
    const uint32_t head = current_;
    const size_t inner = scope_.size();
    add_successor(head, open(false, {}));
    if (chance(30)) sequence(depth + 1);
    jump(header, values_for(classes));
    scope_.resize(inner);
    const Loop done = loops_.back();
    loops_.pop_back();
    add_successor(head, open(false, {}));
    std::vector<uint32_t> breaks = done.breaks;
    jump_later(breaks, values_for(results));
    scope_.resize(height);
    join(breaks, results);
  }

  // A conditional return, break or continue.
  void early_exit(unsigned depth) {
    branch();
    const uint32_t head = current_;
    const size_t height = scope_.size();
    add_successor(head, open(chance(50), {}));
    if (chance(50)) sequence(depth + 1);
    if (loops_.empty() || chance(20)) {
      finish_return();
    } else if (chance(50)) {
      jump(loops_.back().header, values_for(loops_.back().classes));
    } else {
      std::vector<VReg> values = values_for(loops_.back().results);
      jump_later(loops_.back().breaks, std::move(values));
    }
    scope_.resize(height);
    add_successor(head, open(false, {}));
  }

  // Adds a definition. In 95 of 100 cases, later instructions may use its value.
  void define(std::vector<Operand>& operands, Operand def) {
    operands.push_back(def);
    if (chance(95)) defined_.push_back(def.reg);
  }

  void instruction() {
    std::vector<Operand> operands;
    InstFlag flags = InstFlag::none;
    uint32_t clobbers = 0;
    defined_.clear();
    if (chance(options_.calls)) {
      flags = InstFlag::call;
      clobbers = 1;
      for (uint32_t i = 0, n = below(5); i < n; ++i)
        operands.push_back(Operand::use_fixed(pick(RegClass::integer), PReg::integer(i)));
      if (options_.classes && chance(40))
        operands.push_back(Operand::use_fixed(pick(RegClass::floating), PReg::floating(0)));
      if (chance(20)) operands.push_back(Operand::use(pick(RegClass::integer)));
      if (chance(20)) operands.push_back(Operand::use_any(pick(RegClass::integer)));
      if (chance(70)) define(operands, Operand::def_fixed(fresh(RegClass::integer), PReg::integer(0)));
      if (options_.classes && chance(30))
        define(operands, Operand::def_fixed(fresh(RegClass::floating), PReg::floating(0)));
    } else {
      switch (below(10)) {
        case 9:  // an allocation of a managed object, whose slow path keeps all registers
          flags = InstFlag::safepoint;
          operands.push_back(Operand::use_late(pick(RegClass::integer)));
          define(operands, Operand::def(fresh(RegClass::reference)));
          break;
        case 0: {  // a move
          const VReg from = pick(random_class());
          flags = InstFlag::move;
          operands.push_back(Operand::use(from));
          define(operands, Operand::def(fresh(f_.class_of(from))));
          break;
        }
        case 1:  // a constant
          flags = InstFlag::rematerializable;
          define(operands, Operand::def(fresh(random_class())));
          break;
        case 2:  // a shift: two-address, with the count in register 1
          operands.push_back(Operand::use(pick(RegClass::integer)));
          operands.push_back(Operand::use_fixed(pick(RegClass::integer), PReg::integer(1)));
          define(operands, Operand::def_reuse(fresh(RegClass::integer), 0));
          break;
        case 3:  // a division: register 0 in and out, register 2 overwritten, a late divisor
          operands.push_back(Operand::use_fixed(pick(RegClass::integer), PReg::integer(0)));
          operands.push_back(chance(50) ? Operand::use_late(pick(RegClass::integer))
                                        : Operand::use(pick(RegClass::integer)));
          define(operands, Operand::def_fixed(fresh(RegClass::integer), PReg::integer(0)));
          if (chance(50)) {
            operands.push_back(Operand::def_fixed(fresh(RegClass::integer), PReg::integer(2)));
            operands.back().position = Position::early;
          } else {
            clobbers = 2;
          }
          break;
        case 4: {  // a two-address instruction
          const RegClass c = has_registers(random_class());
          operands.push_back(Operand::use(pick(c)));
          operands.push_back(chance(50) ? Operand::use_any(pick(c)) : Operand::use(pick(c)));
          if (chance(30)) operands.push_back(Operand::use(operands[0].reg));
          define(operands, Operand::def_reuse(fresh(c), 0));
          break;
        }
        case 5: {  // an instruction with a temporary
          operands.push_back(Operand::use(pick(random_class())));
          operands.push_back(Operand::def_early(fresh(RegClass::integer)));
          define(operands,
                 chance(50) ? Operand::def(fresh(random_class())) : Operand::def_early(fresh(random_class())));
          break;
        }
        case 6:  // a store
          for (uint32_t n = 1 + below(3); n > 0; --n) operands.push_back(Operand::use(pick(random_class())));
          operands.push_back(Operand::use_any(pick(random_class())));
          break;
        case 7:  // a fixed use whose register the definition takes over
          operands.push_back(Operand::use_fixed(pick(RegClass::integer), PReg::integer(0)));
          define(operands, Operand::def_reuse(fresh(RegClass::integer), 0));
          if (chance(50)) operands.push_back(Operand::use_late(pick(RegClass::integer)));
          break;
        default:  // a three-address instruction
          for (uint32_t n = below(3); n > 0; --n)
            operands.push_back(chance(70) ? Operand::use(pick(random_class()))
                                          : Operand::use_any(pick(random_class())));
          define(operands, chance(85) ? Operand::def(fresh(random_class())) : Operand::def_any(fresh(random_class())));
          break;
      }
    }
    emit(operands, flags, clobbers);
    scope_.insert(scope_.end(), defined_.begin(), defined_.end());
  }
  RegClass has_registers(RegClass c) {
    return registers_.lists[static_cast<unsigned>(c)].empty() ? RegClass::integer : c;
  }

  // Adds blocks_, with their lists, to the machine function.
  void write() {
    std::vector<std::vector<uint32_t>> predecessors(blocks_.size());
    for (uint32_t b = 0; b < blocks_.size(); ++b)
      for (uint32_t s : blocks_[b].successors) predecessors[s].push_back(b);
    auto add_regs = [&](const std::vector<VReg>& regs) {
      const uint32_t first = static_cast<uint32_t>(f_.reg_lists.size());
      for (VReg r : regs) f_.reg_lists.push_back(r);
      return first;
    };
    auto add_blocks = [&](const std::vector<uint32_t>& list) {
      const uint32_t first = static_cast<uint32_t>(f_.block_lists.size());
      for (uint32_t b : list) f_.block_lists.push_back(MBlock(b));
      return first;
    };
    for (uint32_t b = 0; b < blocks_.size(); ++b) {
      MachineBlock data = blocks_[b].data;
      data.first_param = add_regs(blocks_[b].params);
      data.param_count = static_cast<uint32_t>(blocks_[b].params.size());
      data.first_argument = add_regs(blocks_[b].arguments);
      data.argument_count = static_cast<uint32_t>(blocks_[b].arguments.size());
      data.first_successor = add_blocks(blocks_[b].successors);
      data.successor_count = static_cast<uint32_t>(blocks_[b].successors.size());
      data.first_predecessor = add_blocks(predecessors[b]);
      data.predecessor_count = static_cast<uint32_t>(predecessors[b].size());
      for (uint32_t p : predecessors[b]) data.is_loop_header |= p >= b;
      f_.blocks.push_back(data);
    }
  }

  struct Loop {
    uint32_t header;
    std::vector<RegClass> classes, results;  // of the header's parameters, and of the values that leave the loop
    std::vector<uint32_t> breaks;            // the blocks that jump to the end of the loop
  };
  MachineFunction& f_;
  const TestRegisters& registers_;
  std::mt19937_64 random_;
  RandomOptions options_;
  unsigned left_;
  uint32_t current_ = 0;
  std::vector<Block> blocks_;
  std::vector<VReg> scope_, defined_;
  std::vector<Loop> loops_;
};

}  // namespace cairn::codegen::testing

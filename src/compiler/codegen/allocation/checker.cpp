#include "compiler/codegen/allocation/checker.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/format.hpp"

namespace cairn::codegen {
namespace {

// The part of a value that a location holds. A register holds the `whole` value, and so does a slot of 8 bytes. A value
// of 16 bytes has its `low` word in one slot and its `high` word in the next one.
enum class Part : uint32_t { whole, low, high };
// A virtual register and a part of its value.
using Token = uint32_t;
constexpr Token token_of(VReg reg, Part part) { return reg.index() * 4 + static_cast<uint32_t>(part); }
constexpr VReg reg_of(Token token) { return VReg(token / 4); }
constexpr Part part_of(Token token) { return static_cast<Part>(token % 4); }

using Tokens = std::vector<Token>;  // what a location holds, sorted

class Checker {
 public:
  Checker(const MachineFunction& function, const RegisterFile& registers, const AllocationResult& allocation)
      : function_(function), registers_(registers), allocation_(allocation) {}

  std::string run() {
    if (allocation_.operands.size() != function_.operands.size()) return "an operand has no allocation";
    for (size_t i = 1; i < allocation_.moves.size(); ++i)
      if (allocation_.moves[i].before < allocation_.moves[i - 1].before) return "moves are not sorted";
    locations_.resize(PReg::kCount + allocation_.spill_slots);
    entry_.resize(function_.blocks.size());
    is_constant_.resize(function_.vregs.size());
    for (const MachineInst& inst : function_.insts)
      if (has(inst.flags, InstFlag::rematerializable) && inst.operand_count == 1)
        is_constant_[function_.operands_of(inst)[0].reg.index()] = true;
    if (function_.blocks.empty()) return {};
    // Follows the blocks until the entry states of all blocks stay the same. Then each block is checked once.
    std::vector<uint8_t> queued(function_.blocks.size());
    entry_[0].emplace();
    queued[0] = 1;
    for (bool changed = true; changed;) {
      changed = false;
      for (uint32_t b = 0; b < function_.blocks.size(); ++b) {
        if (queued[b] == 0) continue;
        queued[b] = 0;
        run_block(b, false);
        for (MBlock successor : function_.successors(function_.blocks[b])) {
          if (!merge_into(b, successor.index())) continue;
          queued[successor.index()] = 1;
          changed |= successor.index() <= b;
        }
      }
    }
    for (uint32_t b = 0; b < function_.blocks.size() && error_.empty(); ++b)
      if (entry_[b]) run_block(b, true);
    return error_;
  }

 private:
  // What all locations hold at a block's entry: pairs location << 32 | token, sorted.
  using State = std::vector<uint64_t>;

  [[nodiscard]] bool is_wide(RegClass c) const { return registers_.spill_size[static_cast<unsigned>(c)] == 16; }
  [[nodiscard]] bool is_wide(VReg reg) const { return is_wide(function_.class_of(reg)); }
  // What the location holds. For a slot, `word` 1 stands for the slot after it.
  Tokens& at(Allocation a, uint32_t word = 0) {
    return locations_[a.is_register() ? a.reg().number() : PReg::kCount + a.slot() + word];
  }
  [[nodiscard]] bool in_range(Allocation a, bool wide) const {
    if (!a.valid()) return false;
    if (a.is_register()) return true;
    return a.is_slot() && a.slot() + (wide ? 1 : 0) < allocation_.spill_slots && !(wide && a.slot() % 2 != 0);
  }

  static bool contains(const Tokens& tokens, Token token) { return std::ranges::binary_search(tokens, token); }
  static void insert(Tokens& tokens, Token token) {
    const auto where = std::ranges::lower_bound(tokens, token);
    if (where == tokens.end() || *where != token) tokens.insert(where, token);
  }

  // The values that can be read from `a` as values of class `c`.
  Tokens load(Allocation a, RegClass c) {
    if (a.is_register() || !is_wide(c)) return at(a);
    Tokens result;
    for (Token token : at(a))
      if (part_of(token) == Part::low && contains(at(a, 1), token_of(reg_of(token), Part::high)))
        result.push_back(token_of(reg_of(token), Part::whole));
    return result;
  }
  void store(Allocation a, RegClass c, Tokens tokens) {
    if (a.is_register() || !is_wide(c)) {
      at(a) = std::move(tokens);
      return;
    }
    at(a).clear();
    at(a, 1).clear();
    for (Token token : tokens) {
      if (part_of(token) != Part::whole) continue;
      at(a).push_back(token_of(reg_of(token), Part::low));
      at(a, 1).push_back(token_of(reg_of(token), Part::high));
    }
  }

  void fail_at(uint32_t inst, const char* what, VReg reg = VReg()) {
    if (!error_.empty()) return;
    error_ = "instruction " + decimal(inst) + ": " + what;
    if (reg.valid()) error_ += " (v" + decimal(reg.index()) + ")";
  }

  // A definition: `a` holds the new value, and all other locations lose the register's old value.
  void define(VReg reg, Allocation a) {
    for (const Part part : {Part::whole, Part::low, Part::high})
      for (Tokens& tokens : locations_) std::erase(tokens, token_of(reg, part));
    store(a, function_.class_of(reg), {token_of(reg, Part::whole)});
  }

  void run_move(const InsertedMove& move, bool check) {
    const uint32_t inst = move.before.index();
    if (!in_range(move.to, is_wide(move.reg_class))) return fail_at(inst, "a move's target is out of range");
    if (move.rematerialize.valid()) {
      const MachineInst& def = function_.insts[move.rematerialize.index()];
      if (!has(def.flags, InstFlag::rematerializable) || def.operand_count != 1)
        return fail_at(inst, "rematerializes what cannot be");
      store(move.to, move.reg_class, {token_of(function_.operands_of(def)[0].reg, Part::whole)});
      return;
    }
    if (!in_range(move.from, is_wide(move.reg_class))) return fail_at(inst, "a move's source is out of range");
    const bool has_registers = !registers_.allocatable[static_cast<unsigned>(move.reg_class)].empty();
    if (check && has_registers && move.from.is_slot() && move.to.is_slot())
      return fail_at(inst, "a move from memory to memory");
    store(move.to, move.reg_class, load(move.from, move.reg_class));
  }

  // Checks operand number `k` of instruction number `i`.
  void check_operand(uint32_t i, const MachineInst& inst, uint32_t k) {
    const std::span<const Operand> operands = function_.operands_of(inst);
    const std::span<const Allocation> all = allocation_.operands.as_span().subspan(inst.first_operand, operands.size());
    const Operand& operand = operands[k];
    const Allocation a = all[k];
    const auto& allocatable = registers_.allocatable[static_cast<unsigned>(function_.class_of(operand.reg))];
    if (!in_range(a, is_wide(operand.reg))) return fail_at(i, "an allocation is out of range", operand.reg);
    switch (operand.constraint) {
      case Constraint::reg:
        if (allocatable.empty() ? !a.is_slot() : !a.is_register()) return fail_at(i, "not in a register", operand.reg);
        break;
      case Constraint::any: break;
      case Constraint::fixed:
        if (a != Allocation::in_register(operand.fixed_register()))
          return fail_at(i, "not in its fixed register", operand.reg);
        break;
      case Constraint::reuse:
        if (a != all[operand.detail]) return fail_at(i, "does not reuse its input's register", operand.reg);
        break;
    }
    if (a.is_register() && operand.constraint != Constraint::fixed && operand.constraint != Constraint::reuse &&
        std::ranges::find(allocatable, a.reg()) == allocatable.end())
      return fail_at(i, "in a register that is not of its class", operand.reg);
    if (operand.kind == OperandKind::use) {
      if (!contains(load(a, function_.class_of(operand.reg)), token_of(operand.reg, Part::whole)))
        return fail_at(i, "reads another value", operand.reg);
    }
    const PRegSet& clobbers = function_.clobber_sets[inst.clobbers];
    const bool late = operand.position == Position::late;
    const bool def = operand.kind == OperandKind::def;
    if (a.is_register() && clobbers.has(a.reg()) && (def ? operand.constraint != Constraint::fixed : late))
      return fail_at(i, "in a clobbered register", operand.reg);
    for (uint32_t j = 0; j < operands.size(); ++j) {
      if (j == k || all[j] != a || !def) continue;
      const Operand& other = operands[j];
      if (other.kind == OperandKind::def) return fail_at(i, "two definitions in one place", operand.reg);
      if (!late || other.position == Position::late) return fail_at(i, "overwrites an operand", operand.reg);
    }
  }

  // Whether a collection may change the value: it is a reference and not a constant.
  [[nodiscard]] bool is_moving(Token token) const {
    return function_.class_of(reg_of(token)) == RegClass::reference && !is_constant_[reg_of(token).index()];
  }

  // Models a collection at the safepoint `i`. The collection changes the references in the places of the stack map,
  // which must hold references. Every other copy of a reference is wrong afterwards.
  void collect(uint32_t i, bool check) {
    const auto map = std::ranges::lower_bound(allocation_.stack_maps, MInst(i), {}, &StackMap::call);
    std::vector<size_t> places;
    if (map != allocation_.stack_maps.end() && map->call == MInst(i)) {
      for (const uint32_t slot : allocation_.map_slots.as_span().subspan(map->first, map->count)) {
        const bool is_register = (slot & kMapRegister) != 0;
        if (is_register ? !has(function_.insts[i].flags, InstFlag::safepoint) : slot >= allocation_.spill_slots)
          return fail_at(i, "a stack map names a place that is not there");
        places.push_back(is_register ? slot & ~kMapRegister : PReg::kCount + slot);
      }
      std::ranges::sort(places);
    }
    for (const size_t place : places) {
      const Tokens& tokens = locations_[place];
      if (check && std::ranges::none_of(
                       tokens, [&](Token token) { return function_.class_of(reg_of(token)) == RegClass::reference; }))
        return fail_at(i, "a stack map names a place that holds no reference");
    }
    for (size_t location = 0; location < locations_.size(); ++location) {
      if (std::ranges::binary_search(places, location)) continue;
      std::erase_if(locations_[location], [&](Token token) { return is_moving(token); });
    }
  }

  // Follows the block from its entry state to its end. Errors are reported only if `check` is set.
  void run_block(uint32_t b, bool check) {
    for (Tokens& tokens : locations_) tokens.clear();
    for (uint64_t pair : *entry_[b]) locations_[pair >> 32].push_back(static_cast<Token>(pair));
    const MachineBlock& block = function_.blocks[b];
    size_t move = static_cast<size_t>(
        std::ranges::lower_bound(allocation_.moves, MInst(block.first_inst), {}, &InsertedMove::before) -
        allocation_.moves.begin());
    for (uint32_t i = block.first_inst; i < block.end_inst; ++i) {
      for (; move < allocation_.moves.size() && allocation_.moves[move].before == MInst(i); ++move)
        run_move(allocation_.moves[move], check);
      const MachineInst& inst = function_.insts[i];
      const std::span<const Operand> operands = function_.operands_of(inst);
      if (check)
        for (uint32_t k = 0; k < operands.size(); ++k) check_operand(i, inst, k);
      if (!error_.empty()) return;
      function_.clobber_sets[inst.clobbers].for_each([&](PReg r) { locations_[r.number()].clear(); });
      if (has(inst.flags, InstFlag::call) || has(inst.flags, InstFlag::safepoint)) collect(i, check);
      for (uint32_t k = 0; k < operands.size(); ++k)
        if (operands[k].kind == OperandKind::def) define(operands[k].reg, allocation_.operands[inst.first_operand + k]);
    }
  }

  // Intersects the successor's entry state with the current state, in which the arguments are renamed to the
  // parameters. Returns whether the entry state has changed.
  bool merge_into(uint32_t from, uint32_t to) {
    const std::span<const VReg> params = function_.params(function_.blocks[to]);
    const std::span<const VReg> arguments = function_.arguments(function_.blocks[from]);
    std::vector<std::pair<VReg, VReg>> renames;  // argument, parameter
    std::vector<VReg> sorted_params(params.begin(), params.end());
    std::ranges::sort(sorted_params);
    if (!params.empty())
      for (size_t k = 0; k < params.size(); ++k) renames.emplace_back(arguments[k], params[k]);
    std::ranges::sort(renames);
    State state;
    for (uint64_t location = 0; location < locations_.size(); ++location) {
      const size_t begin = state.size();
      for (Token token : locations_[location]) {
        if (!std::ranges::binary_search(sorted_params, reg_of(token))) state.push_back(location << 32 | token);
        for (auto r = std::ranges::lower_bound(renames, reg_of(token), {}, &std::pair<VReg, VReg>::first);
             r != renames.end() && r->first == reg_of(token); ++r)
          state.push_back(location << 32 | token_of(r->second, part_of(token)));
      }
      std::sort(state.begin() + static_cast<ptrdiff_t>(begin), state.end());
    }
    std::optional<State>& entry = entry_[to];
    if (!entry) {
      entry = std::move(state);
      return true;
    }
    State meet;
    std::ranges::set_intersection(*entry, state, std::back_inserter(meet));
    if (meet.size() == entry->size()) return false;
    entry = std::move(meet);
    return true;
  }

  const MachineFunction& function_;
  const RegisterFile& registers_;
  const AllocationResult& allocation_;
  std::vector<Tokens> locations_;
  std::vector<std::optional<State>> entry_;
  std::vector<bool> is_constant_;  // by register: whether an instruction that may be repeated defines it
  std::string error_;
};

}  // namespace

std::string check_allocation(const MachineFunction& function, const RegisterFile& registers,
                             const AllocationResult& allocation) {
  return Checker(function, registers, allocation).run();
}

}  // namespace cairn::codegen

// Emits the stubs, which are out-of-line code: traps, and the rare cases of other operations.
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

void Emitter::trap_site(const MachineInst& inst) {
  if (inst.condition != 0)
    code_.traps.push_back({as_.offset(), inst.position, static_cast<wasm::TrapKind>(inst.condition - 1)});
}

void Emitter::trap_here(uint8_t kind, uint32_t position) {
  code_.traps.push_back({as_.offset(), position, static_cast<wasm::TrapKind>(kind - 1)});
  as_.op0(Op::unimp);
}

Label Emitter::add_stub(Stub::Kind kind, const MachineInst& inst, std::initializer_list<PReg> registers) {
  // Two traps of the same kind in one instruction share a stub if they follow each other.
  if (kind == Stub::Kind::trap && !stubs_.empty()) {
    const Stub& last = stubs_.back();
    if (last.kind == kind && last.inst.condition == inst.condition && last.inst.position == inst.position)
      return last.label;
  }
  if (stubs_.empty()) first_stub_use_ = as_.offset();
  Stub s;
  s.kind = kind;
  s.label = as_.new_label();
  s.inst = inst;
  s.index = current_inst_;
  size_t i = 0;
  for (PReg r : registers) s.registers[i++] = r;
  if (kind != Stub::Kind::trap) s.back = as_.new_label();
  stubs_.push_back(s);
  return s.label;
}

void Emitter::flush_stubs() {
  for (const Stub& s : stubs_) {
    as_.bind(s.label);
    stub(s);
  }
  stubs_.clear();
}

void Emitter::stub(const Stub& s) {
  switch (s.kind) {
    case Stub::Kind::trap: return trap_here(s.inst.condition, s.inst.position);
    case Stub::Kind::trunc: return truncate_stub(s);
    case Stub::Kind::gc: return gc_stub(s);
    case Stub::Kind::nan: {
      // One of the operands is NaN, so their sum is NaN.
      as_.r3(s.inst.size == 8 ? Op::fadd_d : Op::fadd_s, s.registers[0], s.registers[1], s.registers[2]);
      return as_.jump(s.back);
    }
    case Stub::Kind::call:
      current_inst_ = s.index;
      call_in_context(s.inst);
      return as_.jump(s.back);
  }
}

}  // namespace cairn::rv64

// Instruction selection for RV64 (machine.hpp says what the machine operations are). The base class
// (codegen/selection/lowering.hpp) walks over each block from the last instruction to the first, calls the functions
// here, and has use(), def(), resolve(), is_only_use() and upper_bound().
#pragma once

#include "compiler/codegen/selection/lowering.hpp"
#include "compiler/options/options.hpp"
#include "compiler/rv64/emission/vectors/simd_needs.hpp"
#include "compiler/rv64/machine.hpp"

namespace cairn::rv64 {

using codegen::MachineInst;
using codegen::MBlock;
using codegen::Operand;
using codegen::RegClass;
using codegen::VReg;

// A source register: the virtual register of a value, or a fixed register that is never allocated.
struct Reg {
  Reg(VReg v) : vreg(v) {}   // NOLINT: conversions are implicit, because every caller may pass either kind
  Reg(PReg p) : fixed(p) {}  // NOLINT
  [[nodiscard]] bool is_zero() const { return fixed == kZero; }
  VReg vreg;
  PReg fixed;
};

class Lower final : public codegen::Lowering {
 public:
  // run() of the base class lowers `function` and appends to `result`.
  Lower(const ir::Function& function, codegen::MachineFunction& result, const compiler::Options& options);

 private:
  // A condition that a branch instruction can test: it holds if `branch` is taken for the two registers.
  struct Test {
    Op branch;
    Reg left, right;
  };
  // The address base + displacement of an access.
  struct Address {
    Reg base;
    int32_t displacement = 0;
  };

  // --- lower.cpp: the hooks of the framework, and dispatch
  void lower_instruction(ir::Value value) override;
  void emit_constant(ir::Value value, VReg result) override;
  [[nodiscard]] bool is_transparent(const ir::Instruction& inst) const override;

  // --- lower_control.cpp
  void lower_terminator(ir::Value value) override;
  void emit_jump(MBlock target) override;
  // Emits a trap of this kind for the case that the test holds.
  void trap_when(const Test& test, wasm::TrapKind kind);
  void lower_checked(ir::Value value);

  // --- lower_calls.cpp
  void emit_entry(std::span<const Operand> defs) override;
  void emit_return(std::span<const Operand> uses) override;
  void emit_call(const ir::CallInfo& call, const codegen::CallLayout& layout, std::span<const Operand> operands,
                 VReg callee) override;
  void prepare_landing() override;
  void emit_tail_call(const ir::CallInfo& call, const codegen::CallLayout& layout, std::span<const Operand> operands,
                      VReg callee) override;
  void emit_load_incoming(ir::Type type, VReg result, uint32_t offset) override;
  void emit_store_outgoing(ir::Type type, ir::Value argument, uint32_t offset) override;
  void emit_fixed_slot_address(VReg result, uint32_t offset) override;
  void emit_load_fixed_slot(ir::Type type, VReg result, uint32_t offset) override;
  void emit_store_result(ir::Type type, ir::Value value, VReg area, uint32_t offset) override;
  // Returns the offset of the fixed slot that keeps the VMContext. The first call allocates the slot.
  uint32_t saved_context();

  // --- lower.cpp: the emission of one instruction: with two or one source registers, or with an immediate. The
  // overloads without `rd` make a temporary for the result and return it.
  MachineInst& op3(Op op, VReg rd, Reg rs1, Reg rs2);
  MachineInst& op2(Op op, VReg rd, Reg rs1, Rounding rounding = Rounding::rne);
  MachineInst& opi(Op op, VReg rd, Reg rs1, int64_t immediate);
  VReg op3(Op op, Reg rs1, Reg rs2);
  VReg op2(Op op, Reg rs1, Rounding rounding = Rounding::rne);
  VReg opi(Op op, Reg rs1, int64_t immediate);
  MachineInst& load(Op op, VReg rd, Address address);
  MachineInst& store(Op op, Reg source, Address address);
  MachineInst& tested(Pseudo pseudo, const Test& test);  // a branch or trap_branch with this test
  void copy(VReg rd, Reg rs);
  VReg immediate(int64_t value);  // returns a register that holds the value
  void immediate(VReg rd, int64_t value);
  VReg temporary_of(Op op);  // returns a new register of the class of the instruction's rd

  // --- lower.cpp: operands
  // The register of a value, or x0 for the constant 0.
  Reg use_or_zero(ir::Value value);
  // The register of an operand of which the instruction reads only the low 32 bits: wraps and extensions that make
  // the operand are skipped.
  VReg use_low(ir::Value value);
  // The same, or x0 for the constant 0.
  Reg use_low_or_zero(ir::Value value);
  [[nodiscard]] bool is_i32(ir::Value value) const { return inst(value).type == ir::Type::i32; }
  // Whether the i32 is not negative, so that its sign-extension and its zero-extension are equal.
  [[nodiscard]] bool is_non_negative(ir::Value value) const { return upper_bound(value) <= 0x7fff'ffff; }

  // --- lower_integer.cpp
  // lower_integer(), lower_float() and lower_memory() lower the instructions of their families. They return false, and
  // emit nothing, for other instructions.
  bool lower_integer(ir::Value value);
  void lower_add(ir::Value value);
  // Emits rd = left + right in 64 bits, if a Zba instruction covers the shift or the zero-extension in `right`. Returns
  // false and emits nothing otherwise.
  bool add_address(VReg rd, Reg left, ir::Value right);
  void lower_sub(ir::Value value);
  void lower_mul(ir::Value value);
  void lower_division(ir::Value value);
  void lower_bitwise(ir::Value value);
  void lower_wide(ir::Value value);  // 128-bit sums and differences, and products of 128 bits

  // --- lower_bits.cpp
  void lower_shift(ir::Value value);
  void lower_rotate(ir::Value value);
  void lower_count(ir::Value value);
  // Emits rd = the sign-extended or zero-extended low `bits` (8 or 16) of `from`.
  void lower_extend(VReg rd, ir::Value from, unsigned bits, bool is_signed);
  // Emits rd = the zero-extended low 32 bits of `from`.
  void zero_extend(VReg rd, Reg from);
  VReg popcount(VReg x);  // returns the number of set bits of the 64 bits

  // --- lower_compare.cpp
  void lower_icmp(ir::Value value);
  void lower_select(ir::Value value);
  // Returns the test of a compare of integers.
  Test integer_test(ir::Condition condition, ir::Value left, ir::Value right);
  // Returns a test that holds if the i32 `condition` is not zero (if it is zero, when `when_non_zero` is false). If
  // `condition` is the result of a compare, the test compares the operands of the compare.
  Test test_of(ir::Value condition, bool when_non_zero);

  // --- lower_float.cpp
  bool lower_float(ir::Value value);
  void lower_conversion(ir::Value value);
  // Emits a compare, and returns its result register. The second member says whether that result is inverted.
  std::pair<VReg, bool> float_compare(const ir::Instruction& compare);
  void lower_rounding(ir::Value value, Rounding rounding);

  // --- lower_memory.cpp
  bool lower_memory(ir::Value value);
  void lower_heap(ir::Value value);
  void lower_array_address(ir::Value value);
  // The address operand of an access, as the sum of a value (the key) and a constant.
  struct AddressParts {
    ir::Value key;
    int64_t constant = 0;
    bool zero_extend = false;  // only the low 32 bits of the key count
    bool shared = false;       // the sum of base and key may be shared between accesses
  };
  [[nodiscard]] AddressParts split_address(ir::Value address) const;
  void find_shared_addresses();
  // `address` and `base` are the access's operands, and `offset` its constant offset in bytes.
  Address heap_address(ir::Value address, ir::Value base, uint64_t offset);
  Address displaced(Reg base, int64_t offset);  // base + offset, with a displacement that fits in 12 bits
  // These two functions return the load or store of a scalar of this type.
  Op load_op(ir::Type type, const ir::MemoryAccess& access) const;
  Op store_op(ir::Type type, const ir::MemoryAccess& access) const;
  // Records in the payload which trap the access raises, if it can fault.
  void set_trap(MachineInst& inst, const ir::MemoryAccess& access);

  // --- lower_atomic.cpp: `at` holds the address of the access
  void lower_atomic(ir::Value value, const Address& address);
  void lower_atomic_rmw(ir::Value value, VReg at);
  void lower_atomic_cas(ir::Value value, VReg at);
  // The address of the aligned word around a byte or halfword, and the shift and the mask of the narrow value in the
  // word.
  struct NarrowPlace {
    VReg word, shift, mask;
  };
  NarrowPlace narrow_place(VReg at, unsigned size);  // `size` is 1 or 2 bytes
  // Defines the result of `value`: the narrow value in the word that the operation has read.
  void finish_narrow(ir::Value value, VReg old_word, const NarrowPlace& place);
  // Returns the operand's narrow value, shifted to its place in the word. The other bits are 0.
  VReg narrow_operand(ir::Value value, const NarrowPlace& place);
  // Emits rd = the zero-extended low `bytes` (1, 2 or 4) of `from`.
  void lower_zero_extend(VReg rd, VReg from, unsigned bytes);

  // --- lower_gc.cpp
  void lower_reference(ir::Value value);
  void lower_gc_new(ir::Value value);
  void lower_gc_barrier(ir::Value value);

  // --- lower_vector.cpp
  void lower_simd(ir::Value value);
  MachineInst& vector_inst(Pseudo pseudo, std::initializer_list<Operand> operands, const SimdNeeds& needs);

  // --- lower_vector_memory.cpp
  void lower_vector_access(ir::Value value, const Address& address);

  compiler::CpuFeatures cpu_;
  bool mask_;  // Options::mask
  Vectors vectors_;
  // The offset of the fixed slot that keeps the VMContext, or 0xffff'ffff if no slot is allocated.
  uint32_t saved_context_ = 0xffff'ffff;
  bool has_landing_pads_ = false;

  // Accesses of a block may share the sum of base and address (find_shared_addresses). `address_leader_` has for each
  // access the first access of its group, the leader, and `address_of_leader_` has for each leader the register of the
  // sum.
  ArenaVector<ir::Value> address_leader_;
  ArenaVector<VReg> address_of_leader_;
  ArenaVector<ir::Value> latest_access_;  // for each key of an address, the last access so far in the scan of the block
  ArenaVector<uint32_t> latest_segment_;  // for each key of an address, the segment of its latest access
  uint32_t segment_ = 0;  // the number of the current run of instructions whose accesses may share a sum
  MBlock scanned_block_;  // the last block that find_shared_addresses() has scanned
};

}  // namespace cairn::rv64

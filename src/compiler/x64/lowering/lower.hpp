// Instruction selection for x86-64. The base class (codegen/selection/lowering.hpp) walks over each block from the last
// instruction to the first, calls the functions here, and has use(), def(), resolve(), is_only_use() and sink().
//
// Bits 32 to 63 are zero in a general register or spill slot that holds an i32. Every instruction of 32 bits clears the
// upper half of its result, so uextend costs nothing. An instruction that reads only the low half of a register may
// read the i64 operand of a `wrap` instead of its result (use_low).
//
// Instructions on xmm registers are written by their opcodes, with their mnemonics in comments.
#pragma once

#include <array>
#include <optional>

#include "compiler/codegen/selection/lowering.hpp"
#include "compiler/options/options.hpp"
#include "compiler/x64/machine.hpp"
#include "compiler/x64/registers.hpp"

namespace cairn::x64 {

using codegen::MachineInst;
using codegen::MBlock;
using codegen::Operand;
using codegen::RegClass;
using codegen::VReg;

// A list of at most eight operands.
class Operands {
 public:
  Operands() = default;
  Operands(std::initializer_list<Operand> list) {
    for (const Operand& operand : list) add(operand);
  }
  void add(const Operand& operand) { list_[size_++] = operand; }
  [[nodiscard]] std::span<const Operand> span() const { return std::span(list_).first(size_); }

 private:
  std::array<Operand, 8> list_;
  unsigned size_ = 0;
};

// A memory operand before register allocation: [base + (index << scale) + displacement].
struct AddressMode {
  Base base = Base::none;
  VReg base_reg;       // only for Base::reg
  VReg index;          // none if there is no index
  uint8_t scale = 0;   // the index is shifted left by this number, 0 to 3
  bool traps = false;  // whether the access may fault and then raises a trap
  uint8_t trap_kind = static_cast<uint8_t>(wasm::TrapKind::out_of_bounds_memory_access);
  int32_t displacement = 0;
};

// Whether `op` is v128.any_true or all_true of some lanes, which a branch can test without a register for the result.
bool is_vector_test(ir::SimdOp op);

class X64Lowering final : public codegen::Lowering {
 public:
  // run() of the base class lowers `function` and appends to `result`.
  X64Lowering(const ir::Function& function, codegen::MachineFunction& result, const compiler::Options& options);

 private:
  // --- lower.cpp: the hooks of the framework, and dispatch
  void lower_instruction(ir::Value value) override;
  void emit_constant(ir::Value value, VReg result) override;
  [[nodiscard]] bool is_transparent(const ir::Instruction& inst) const override;

  // --- lower_control.cpp
  void lower_terminator(ir::Value value) override;
  void emit_jump(MBlock target) override;
  void lower_branch(ir::Value value);
  void lower_trap_if(ir::Value value);

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
  // Emits the operation `op` of a call or tail call. `callee` holds the VMFuncRef, if there is one.
  void emit_call_inst(Op op, const ir::CallInfo& call, const codegen::CallLayout& layout,
                      std::span<const Operand> operands, VReg callee, codegen::InstFlag flags);

  // --- lower.cpp: helpers that all rules share
  // Emits an operation. `size` becomes MachineInst::size, in bytes. The caller sets the other fields of the result.
  MachineInst& put(Op op, const Operands& operands, unsigned size = 8,
                   codegen::InstFlag flags = codegen::InstFlag::none);
  // Emits an operation like put(), and adds the registers of the address after the operands.
  MachineInst& put_address(Op op, Operands operands, const AddressMode& address, unsigned size = 8,
                           codegen::InstFlag flags = codegen::InstFlag::none);
  // The size of a type in bytes.
  [[nodiscard]] static unsigned width(ir::Type type) { return ir::size_of(type); }
  // Returns the register of an operand of which the instruction reads only the low 32 bits. Looks through `wrap`.
  VReg use_low(ir::Value value);
  // The same for an operand of which the instruction reads `size` bytes, 4 or 8.
  VReg use_sized(ir::Value value, unsigned size) { return size == 4 ? use_low(value) : use(value); }
  // Looks through `wrap`: returns a value whose low 32 bits are those of `value`.
  [[nodiscard]] ir::Value low_source(ir::Value value) const;
  // Returns the value if it is a constant that is the sign-extension of its low 32 bits.
  [[nodiscard]] std::optional<int32_t> immediate32(ir::Value value) const;
  // Returns the address of a constant of 4, 8 or 16 bytes, which is added to MachineFunction::constants.
  AddressMode constant_address(const void* bytes, unsigned size);
  // Emits result = value, which the register allocator may repeat instead of keeping the value in a register.
  void put_mov_imm(VReg result, uint64_t value);

  // --- lower_integer.cpp: `commutes` says whether the operands may be swapped
  void lower_add(ir::Value value);
  void lower_alu(ir::Value value, Alu op, bool commutes);
  bool lower_and_bits(ir::Value value);  // returns false, and emits nothing, if no special case applies
  void lower_multiply(ir::Value value);
  void lower_divide(ir::Value value);
  void lower_wide(ir::Value value);

  // --- lower_bits.cpp
  void lower_shift(ir::Value value);
  void lower_rotate(ir::Value value);
  void lower_bit_count(ir::Value value);
  void lower_extend(ir::Value value);

  // --- lower_compare.cpp
  // An instruction that sets flags, and the condition on the flags that means "true".
  struct Test {
    Compare form = Compare::cmp_rr;
    uint8_t condition = 0;  // Cc or FloatCc
    uint8_t size = 4;       // bytes of the compared operands
    int32_t immediate = 0;  // for the forms with an immediate
    Operands operands;      // without the registers of the address
    bool has_address = false;
    AddressMode address;
  };
  // Makes the test of whether `value` is not zero. If possible, the test does the work of the compare that makes
  // `value`.
  Test make_test(ir::Value value);
  // The functions up to make_float_test() fill in `test`. `may_sink` says whether a load may become a memory operand of
  // the test. make_byte_test() returns false and changes nothing unless it can compare a byte in memory with
  // `test.immediate`.
  void make_integer_test(ir::Value compare, Test& test);
  void make_integer_test(ir::Value a, ir::Condition condition, ir::Value b, bool may_sink, Test& test);
  void make_immediate_test(ir::Value a, ir::Condition condition, bool may_sink, Test& test);
  void make_mask_test(ir::Value masked, bool may_sink, Test& test);
  bool make_byte_test(ir::Value load, ir::Condition condition, Test& test);
  void make_float_test(ir::Value compare, Test& test);
  // Emits an operation with a condition: its own operands, and then those of the test.
  MachineInst& put_test(Op op, Operands operands, const Test& test, codegen::InstFlag flags = codegen::InstFlag::none);
  // The numbers of opposite conditions differ in bit 0, both in Cc and in FloatCc.
  static void negate(Test& test) { test.condition ^= 1; }
  // Lowers a compare whose result is needed as 0 or 1 in a register.
  void lower_set(ir::Value value);
  void lower_select(ir::Value value);
  void lower_checked(ir::Value value);

  // --- lower_float.cpp
  void lower_float(ir::Value value);
  // `opcode` is that of the scalar instruction after 0f.
  void lower_float_binary(ir::Value value, uint8_t opcode, bool commutes);
  void lower_float_unary_bits(ir::Value value, bool negate);  // lowers fneg if `negate` is set, else fabs
  void lower_copysign(ir::Value value);
  void lower_convert(ir::Value value);
  void lower_trunc(ir::Value value);
  void lower_bitcast(ir::Value value);

  // --- lower_float.cpp: instructions on xmm registers. `imm` is the immediate of 8 bits, or -1 if there is none.
  static int64_t xmm_payload(Encoding encoding, int imm = -1, bool merges = false);
  // These functions emit d = op(a) and d = op(a, b). Those without `d` return a new register. `constant` is a memory
  // operand. XmmPayload says what `merges` means.
  VReg x_unary(Encoding encoding, VReg a, int imm = -1, bool merges = false);
  VReg x_binary(Encoding encoding, VReg a, VReg b, int imm = -1);
  void x_unary_to(VReg d, Encoding encoding, VReg a, int imm = -1, bool merges = false);
  void x_binary_to(VReg d, Encoding encoding, VReg a, VReg b, int imm = -1);
  void x_binary_constant_to(VReg d, Encoding encoding, VReg a, const AddressMode& constant, int imm = -1);
  VReg x_binary_constant(Encoding encoding, VReg a, const AddressMode& constant, int imm = -1);
  // Emits d = op(a, b). `b` becomes a memory operand if it is a constant, or a load of `fold_size` bytes that may move
  // here. If `fold_size` is 0, `b` is always in a register or spill slot.
  void x_binary_fold_to(VReg d, Encoding encoding, ir::Value a, ir::Value b, unsigned fold_size, int imm = -1);
  // These functions emit a shift of all lanes by `count`. `digit` is the extension of the opcode in the reg field of
  // ModRM.
  VReg x_shift_imm(Encoding encoding, unsigned digit, VReg a, unsigned count);
  void x_shift_imm_to(VReg d, Encoding encoding, unsigned digit, VReg a, unsigned count);
  // Returns a new virtual register for a vector.
  VReg x_temporary() { return temporary(RegClass::vector); }

  // --- lower_memory.cpp
  void lower_load(ir::Value value);
  void lower_store(ir::Value value);
  bool lower_read_modify_write(ir::Value store);  // returns false, and emits nothing, for other stores
  void lower_array_address(ir::Value value);
  // Returns the address of an access to a memory or to the runtime's data. Makes the values in its registers live.
  AddressMode address_of(ir::Value access);
  // Adds `value` to the address. Additions and shifts in `value` become part of the address where this does not change
  // how they wrap around.
  void fold_index(AddressMode& address, ir::Value value);
  // Adds `value` to the displacement. Returns false, and changes nothing, if the sum does not fit in 32 bits.
  bool add_displacement(AddressMode& address, int64_t value);
  // Makes the load `value` a memory operand of the current instruction, and returns the address, if the load is of
  // exactly `size` bytes, does not extend them, and may move here.
  std::optional<AddressMode> fold_load(ir::Value value, unsigned size);
  // Whether fold_load() would return an address.
  [[nodiscard]] bool can_fold_load(ir::Value value, unsigned size) const;

  // --- lower_atomic.cpp
  void lower_atomic_store(ir::Value value);
  void lower_atomic_rmw(ir::Value value);
  void lower_atomic_cas(ir::Value value);

  // --- lower_gc.cpp
  void lower_reference(ir::Value value);
  void lower_gc_new(ir::Value value);
  void lower_gc_barrier(ir::Value value);

  // --- lower_vector.cpp: dispatch, operations that are one instruction, and bitwise operations
  void lower_vector(ir::Value value);
  // Lowers an operation that is one instruction. Returns false for other operations.
  bool lower_vector_simple(ir::Value value);
  // Emits d = the bits of `a` where `mask` is set, and those of `b` elsewhere.
  void bitselect_to(VReg d, VReg a, VReg b, VReg mask);
  // These two functions invert all bits.
  VReg x_not(VReg a);
  void x_not_to(VReg d, VReg a);
  // These two functions return a register in which all bits are 0 (x_zero) or all bits are 1 (x_ones).
  VReg x_zero();
  VReg x_ones();
  AddressMode splat_constant(uint64_t bits);  // a constant of 16 bytes with the same bits in both halves
  // --- vectors/compare.cpp
  // Lowers a comparison of vectors. Returns false for other operations.
  bool lower_vector_compare(ir::Value value);
  void make_vector_test(ir::Value value, Test& test);
  void lower_bitmask(ir::Value value);
  // --- vectors/shift.cpp
  struct VectorShift;
  void lower_vector_shift(ir::Value value);
  void shift_quads_signed(VReg d, const VectorShift& shift);
  void shift_bytes_signed(VReg d, const VectorShift& shift);
  void shift_bytes(VReg d, const VectorShift& shift);
  // These two functions emit one shift of words or larger lanes. `digit` and `opcode` are those of VectorShift.
  void shift_by_immediate(VReg to, const VectorShift& shift, unsigned digit, VReg from, unsigned count);
  VReg shift_by_register(const VectorShift& shift, uint8_t opcode, VReg from, VReg count);
  VReg shift_count(const VectorShift& shift, unsigned add);
  // --- vectors/lanes.cpp
  void lower_splat(ir::Value value);
  void lower_extract(ir::Value value);
  void lower_replace(ir::Value value);
  // --- vectors/arithmetic.cpp: operations that take several instructions
  void lower_vector_arithmetic(ir::Value value);
  void lower_vector_widening(ir::Value value);
  void lower_vector_float(ir::Value value);
  void lower_multiply_add(ir::Value value);
  void lower_vector_conversion(ir::Value value);
  // `single` says whether the lanes are f32.
  void lower_vector_min_max(ir::Value value, bool single, bool is_max);
  void lower_extend_multiply(ir::Value value);
  void lower_vector_trunc(ir::Value value, ir::SimdOp op);
  VReg dot_bytes(VReg a, VReg b);
  // --- vectors/shuffle.cpp: a lane is the number of a byte in the concatenation of the two operands. A function that
  // returns a bool handles lanes of one pattern. For other lanes it returns false and emits nothing.
  using Lanes = std::array<uint8_t, 16>;
  void lower_shuffle(ir::Value value);
  void shuffle_one(VReg d, VReg source, const Lanes& lanes);
  bool unpack_two(VReg d, ir::Value a, ir::Value b, const Lanes& lanes);
  bool align_two(VReg d, ir::Value a, ir::Value b, const Lanes& lanes);
  bool shuffle_dwords(VReg d, ir::Value a, ir::Value b, const Lanes& lanes);
  bool blend_words(VReg d, ir::Value a, ir::Value b, const Lanes& lanes);
  // --- lower_vector_memory.cpp
  void lower_vector_memory(ir::Value value);

  const compiler::Options& options_;
  const compiler::CpuFeatures& cpu_;
  std::optional<uint32_t> context_slot_;  // offset in the fixed slots of the saved VMContext, if it is saved
  bool has_restore_room_ = false;         // whether the frame has room for a restore frame (calling_convention.hpp)
};

}  // namespace cairn::x64

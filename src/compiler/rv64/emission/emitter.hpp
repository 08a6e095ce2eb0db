// Writes the machine code of one function: the frame, moves, instructions and sequences, and the out-of-line stubs of
// rare cases. machine.hpp and machine.def say what the operands and the fields of each operation mean.
//
// The code of one operation may overwrite the scratch registers t5, t6 and ft11, and with V also v0, v30 and v31.
#pragma once

#include "compiler/codegen/emission/block_layout.hpp"
#include "compiler/codegen/emission/code_buffer.hpp"
#include "compiler/codegen/emission/frame.hpp"
#include "compiler/codegen/machine_function.hpp"
#include "compiler/codegen/object/code_object.hpp"
#include "compiler/options/options.hpp"
#include "compiler/rv64/encoding/assembler.hpp"
#include "compiler/rv64/machine.hpp"

namespace cairn::rv64 {

using codegen::Allocation;
using codegen::Label;
using codegen::MachineBlock;
using codegen::MachineInst;
using codegen::MBlock;
using codegen::RegClass;

// Fields of the vector type that vsetivli sets [riscv-v 3.4]: the width of an element (SEW), the number of registers in
// a group (LMUL; mf2 is 1/2), and what happens to the elements after the last one that is computed (the tail): they may
// get any value, or keep their values.
enum class Sew : uint8_t { e8 = 0, e16 = 1, e32 = 2, e64 = 3 };
enum class Lmul : uint8_t { m1 = 0, m2 = 1, mf2 = 7 };
enum class Tail : uint8_t { agnostic, undisturbed };

class Emitter {
 public:
  Emitter(const codegen::MachineFunction& function, const codegen::AllocationResult& allocation,
          const codegen::BlockLayout& layout, codegen::CodeBuffer& code, BranchLengths& lengths,
          const compiler::CpuFeatures& cpu);

  // Returns false if some branch or jump table does not reach its target. The function is then emitted again with the
  // same BranchLengths, and with far tables if tables_too_far().
  [[nodiscard]] bool run();
  void set_far_tables(bool far) { as_.set_far_tables(far); }
  [[nodiscard]] bool tables_too_far() const { return as_.tables_too_far(); }

 private:
  // Out-of-line code that belongs to one operation.
  struct Stub {
    enum class Kind : uint8_t {
      trap,   // raises a trap
      trunc,  // checks the result of a conversion to an integer
      nan,    // computes the NaN that is the result of a minimum or maximum
      call,   // a call of a reference to a function of another instance
      gc      // a call of the builtin gc_new or gc_barrier
    } kind;
    Label label;           // the start of the stub
    Label back;            // the place after the operation, to which the stub returns; a trap does not return
    MachineInst inst;      // the operation that the stub belongs to
    codegen::MInst index;  // the number of `inst` in the function
    PReg registers[3];     // the registers that the stub reads or writes
  };
  using Operands = std::span<const Allocation>;  // where the operands of an operation are

  // --- emit.cpp
  void block(MBlock b);
  void pseudo(const MachineInst& inst, Operands operands);

  // --- emit_frame.cpp
  void prologue();
  void restore_frame();
  void return_();
  void stack_access(const MachineInst& inst, Operands operands);
  // Returns the offset of a StackArea in bytes from the stack pointer.
  [[nodiscard]] uint32_t area_offset(uint8_t area) const;

  // --- emit_moves.cpp
  // Emits the inserted moves that come before the operation with this number.
  void moves_before(uint32_t inst);
  void move(const codegen::InsertedMove& m);
  // `offset` is in bytes from the stack pointer.
  void move_to_slot(RegClass reg_class, PReg from, uint32_t offset);
  void move_from_slot(RegClass reg_class, PReg to, uint32_t offset);

  // --- emit_instructions.cpp
  void instruction(const MachineInst& inst, Operands operands);

  // --- emit_control.cpp
  void branch_to(const MachineInst& inst, Operands operands);
  void jump_table(const MachineInst& inst, Operands operands);
  void select(const MachineInst& inst, Operands operands);
  // Jumps to a block, unless it follows the current block.
  void go_to(MBlock target);
  // Returns the registers of the two sides of a test. Each is a fixed register that the payload names, or else the
  // operand number `next`, which is then incremented.
  std::pair<PReg, PReg> test_registers(const MachineInst& inst, Operands operands, size_t& next) const;
  [[nodiscard]] Label label(MBlock b) const { return labels_[layout_.target(b).index()]; }

  // --- emit_cold.cpp
  // Emits all stubs of stubs_ here.
  void flush_stubs();
  void stub(const Stub& s);
  // Emits an instruction that faults. `kind` is 1 + the TrapKind, and `position` the byte offset of the WebAssembly
  // instruction in the module.
  void trap_here(uint8_t kind, uint32_t position);
  // Records that the next instruction may fault, if `inst` has a trap kind.
  void trap_site(const MachineInst& inst);
  // Returns the label of the stub. If it is not a trap's, stubs_.back().back is the label for its return.
  Label add_stub(Stub::Kind kind, const MachineInst& inst, std::initializer_list<PReg> registers = {});
  // Whether the first branch to a stub that is not emitted yet lies more than `limit` bytes back. A conditional branch
  // reaches 4 KiB, and the stubs are emitted before the branches to them need a longer form.
  [[nodiscard]] bool is_far_from_stubs(uint32_t limit) const {
    return !stubs_.empty() && as_.offset() - first_stub_use_ > limit;
  }

  // --- emit_calls.cpp
  void call(const MachineInst& inst, Operands operands);
  void plain_call(const MachineInst& inst, Operands operands);  // without the jump after a call that ends its block
  void call_site(const MachineInst& inst);                      // records the call that returns to the current offset
  void after_call(const MachineInst& inst);
  // Loads the VMContext from the frame, at `slot` bytes from the stack pointer, and then the memory base from it.
  void restore_instance(int64_t slot);
  void call_in_context(const MachineInst& inst);
  // Calls the function with the index `callee`. `link` gets the return address; x0 makes the call a jump.
  void direct_call(PReg link, uint32_t callee);
  void tail_call(const MachineInst& inst, Operands operands);

  // --- emit_float.cpp
  void float_constant(const MachineInst& inst, PReg rd);
  void float_min_max(const MachineInst& inst, Operands operands);
  void float_round(const MachineInst& inst, Operands operands);
  void truncate(const MachineInst& inst, Operands operands);
  void truncate_stub(const Stub& s);

  // --- emit_atomic.cpp
  void atomic(const MachineInst& inst, Operands operands);

  // --- emit_gc.cpp
  void type_id(PReg rd, uint32_t type);
  void gc_new(const MachineInst& inst, Operands operands);
  void gc_barrier(const MachineInst& inst, Operands operands);
  void gc_stub(const Stub& s);

  // --- emit_vector.cpp
  void simd(const MachineInst& inst, Operands operands);
  void insert_lane(PReg result, PReg vector, PReg value, unsigned log_size, unsigned lane);
  void copy_slot(uint32_t from, uint32_t to);  // copies 16 bytes; the offsets are from the stack pointer
  void vector_constant(const MachineInst& inst, Allocation result);
  // Emits vsetivli for `length` elements, unless the vector unit already has this configuration.
  void use_vectors(unsigned length, Sew sew, Lmul lmul = Lmul::m1, Tail tail = Tail::agnostic);

  // --- vectors: the expansion of vector operations
  void simd_scalar(const MachineInst& inst, Operands operands);
  void simd_vector(const MachineInst& inst, Operands operands);
  void vector_access(const MachineInst& inst, Operands operands);
  // Returns a register that holds the address of an access: `base`, or `scratch` if there is a displacement.
  PReg address_register(const MachineInst& inst, PReg base, PReg scratch);
  friend class ScalarSimd;
  friend class VectorAccess;
  friend class VectorSimd;

  const codegen::MachineFunction& function_;
  const codegen::AllocationResult& allocation_;
  const codegen::BlockLayout& layout_;
  codegen::CodeBuffer& code_;
  compiler::CpuFeatures cpu_;
  Assembler as_;
  codegen::FrameLayout frame_;
  ArenaVector<PReg> saved_;            // the callee-saved registers that the function uses
  bool saves_return_address_ = false;  // whether the frame has a slot for ra
  ArenaVector<Label> labels_;          // by block: the label of its start
  ArenaVector<Stub> stubs_;            // the stubs that are not emitted yet
  // A call whose exceptions go to a landing pad.
  struct Handler {
    uint32_t return_offset;  // the offset of the code after the call
    MBlock landing_pad;
  };
  ArenaVector<Handler> handlers_;
  int64_t context_slot_ = 0;     // where functions with landing pads keep the VMContext: bytes from the stack pointer
  uint32_t first_stub_use_ = 0;  // the offset at which the first stub of stubs_ was added
  size_t next_move_ = 0;         // the index of the next move in allocation_.moves
  MBlock current_;
  codegen::MInst current_inst_;
  // The configuration that vsetivli has set last, length << 16 | vtype. It is kNoVectorState if it is not known, as at
  // the start of a block, and after a call or a stub that calls.
  uint32_t vector_state_ = kNoVectorState;
  static constexpr uint32_t kNoVectorState = 0xffff'ffff;
};

// Whether a function has tail calls with stack arguments. The frame of such a function needs room for the return
// address.
bool has_stack_tail_call(const codegen::MachineFunction& function);

}  // namespace cairn::rv64

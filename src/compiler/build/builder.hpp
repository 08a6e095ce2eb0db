// Turns a function body into SSA while it is validated: Builder is a sink of wasm::FunctionValidator, which calls one
// method for each instruction (wasm/validation/function_sink.hpp).
//
// WebAssembly's structure makes SSA construction direct. The operand stack and the locals are arrays of Values. Control
// merges at the end of a block if branches lead there. Each branch leaves a record for the merge, an Edge: the results
// that it passes, and the values of the locals that changed since the block began. Values that differ between the
// branches become parameters of the merge block. A loop's header gets parameters for the locals that the loop writes
// (LoopScan).
//
// The value table of the Inserter, which finds equal instructions, may hold only values that dominate the current
// position. Values that were made after the first branch to a block's end do not dominate this end, so they are removed
// from the table there.
//
// Blocks are created in an order in which every edge leads to a later block, except the back edges of loops.
//
// builder.cpp has the beginning and the end of a function, and the values of locals. Each of the other files has one
// family of instructions: control.cpp (with merges.cpp), calls.cpp, numeric.cpp, vector.cpp, relaxed.cpp,
// variables.cpp, memory.cpp, atomics.cpp, table.cpp, reference.cpp, structs.cpp, arrays.cpp, casts.cpp, exceptions.cpp.
#pragma once

#include <cstdint>
#include <span>

#include "abi/builtins.hpp"
#include "compiler/build/loop_scan.hpp"
#include "compiler/build/module_context.hpp"
#include "compiler/ir/inserter.hpp"
#include "wasm/validation/function_sink.hpp"

namespace cairn::compiler {

// Returns the enumerator in ir/simd.def for a vector instruction, which must be in that list.
ir::SimdOp to_simd(wasm::Opcode opcode);

// Builds one function: it is passed to FunctionValidator::validate(), which calls the methods of wasm::FunctionSink.
class Builder {
 public:
  // The result goes to `function`, which must be empty. The context and the function must outlive the Builder.
  Builder(const ModuleContext& context, ir::Function& function);

  // --- wasm::FunctionSink: function_sink.hpp says when each method is called, and what its parameters and result mean.
  void begin_function(wasm::FuncIndex index, const wasm::FuncType& type, std::span<const wasm::ValType> locals);
  bool at(uint64_t offset) {
    offset_ = offset;
    insert_.set_position(static_cast<uint32_t>(offset));
    return can_go_on();
  }
  // Returns false after an instruction that is unsupported or exceeds a limit (is_over_limit()). error() then returns
  // the reason.
  [[nodiscard]] bool can_go_on() const { return !unsupported_ && !is_over_limit(); }
  Error error() const;
  void end_function();

  void unreachable();
  void block(const wasm::BlockSignature& signature);
  void loop(const wasm::BlockSignature& signature);
  wasm::Reachability if_(const wasm::BlockSignature& signature);
  wasm::Reachability else_();
  wasm::Reachability end_block();
  void br(uint32_t depth);
  wasm::Reachability br_if(uint32_t depth);
  void br_table(std::span<const uint32_t> depths);
  void return_();
  void call(wasm::FuncIndex callee, const wasm::FuncType& type);
  void call_indirect(wasm::TypeIndex type_index, wasm::TableIndex table, const wasm::FuncType& type);
  void call_ref(wasm::TypeIndex type_index, const wasm::FuncType& type);
  void return_call(wasm::FuncIndex callee, const wasm::FuncType& type);
  void return_call_indirect(wasm::TypeIndex type_index, wasm::TableIndex table, const wasm::FuncType& type);
  void return_call_ref(wasm::TypeIndex type_index, const wasm::FuncType& type);

  void drop() { pop(); }
  void select(wasm::ValType type);
  void local_get(wasm::LocalIndex local) { push(locals_[local.index()].value); }
  void local_set(wasm::LocalIndex local) { write_local(local.index(), pop()); }
  void local_tee(wasm::LocalIndex local) { write_local(local.index(), stack_.back()); }
  void global_get(wasm::GlobalIndex global);
  void global_set(wasm::GlobalIndex global);

  void constant(wasm::ValType type, uint64_t bits);
  void constant_v128(uint64_t low, uint64_t high);
  void plain(wasm::Opcode opcode);
  void lane(wasm::Opcode opcode, uint8_t lane);
  void shuffle(std::span<const uint8_t, 16> lanes);

  void load(wasm::Opcode opcode, const wasm::MemArg& memarg);
  void store(wasm::Opcode opcode, const wasm::MemArg& memarg);
  void load_lane(wasm::Opcode opcode, const wasm::MemArg& memarg, uint8_t lane);
  void store_lane(wasm::Opcode opcode, const wasm::MemArg& memarg, uint8_t lane);
  void atomic(wasm::Opcode opcode, const wasm::MemArg& memarg);
  void atomic_fence() { place_fence(); }
  void memory_size(wasm::MemoryIndex memory);
  void memory_grow(wasm::MemoryIndex memory);
  void memory_fill(wasm::MemoryIndex memory);
  void memory_copy(wasm::MemoryIndex destination, wasm::MemoryIndex source);
  void memory_init(wasm::DataIndex data, wasm::MemoryIndex memory);
  void data_drop(wasm::DataIndex data);

  void table_get(wasm::TableIndex table);
  void table_set(wasm::TableIndex table);
  void table_size(wasm::TableIndex table);
  void table_grow(wasm::TableIndex table);
  void table_fill(wasm::TableIndex table);
  void table_copy(wasm::TableIndex destination, wasm::TableIndex source);
  void table_init(wasm::ElemIndex elem, wasm::TableIndex table);
  void elem_drop(wasm::ElemIndex elem);

  void ref_null(wasm::HeapType heap);
  void ref_is_null();
  void ref_func(wasm::FuncIndex func);
  void ref_eq();
  void ref_as_non_null();
  wasm::Reachability br_on_null(uint32_t depth);
  wasm::Reachability br_on_non_null(uint32_t depth);

  void throw_(wasm::TagIndex tag, const wasm::FuncType& type);
  void throw_ref();
  void try_table(const wasm::BlockSignature& signature, std::span<const wasm::CatchClause> clauses);
  void try_(const wasm::BlockSignature& signature);
  wasm::Reachability catch_(wasm::TagIndex tag, const wasm::FuncType& type);
  wasm::Reachability catch_all();
  wasm::Reachability delegate(uint32_t depth);
  void rethrow(uint32_t depth);

  void ref_test(wasm::ValType target, wasm::ValType source);
  void ref_cast(wasm::ValType target, wasm::ValType source);
  wasm::Reachability br_on_cast(uint32_t depth, wasm::ValType target, wasm::ValType source);
  wasm::Reachability br_on_cast_fail(uint32_t depth, wasm::ValType target, wasm::ValType source);
  void struct_new(wasm::TypeIndex type);
  void struct_new_default(wasm::TypeIndex type);
  void struct_get(wasm::Opcode opcode, wasm::TypeIndex type, uint32_t field);
  void struct_set(wasm::TypeIndex type, uint32_t field);
  void array_new(wasm::TypeIndex type);
  void array_new_default(wasm::TypeIndex type);
  void array_new_fixed(wasm::TypeIndex type, uint32_t count);
  void array_new_data(wasm::TypeIndex type, wasm::DataIndex data);
  void array_new_elem(wasm::TypeIndex type, wasm::ElemIndex elem);
  void array_get(wasm::Opcode opcode, wasm::TypeIndex type);
  void array_set(wasm::TypeIndex type);
  void array_len();
  void array_fill(wasm::TypeIndex type);
  void array_copy(wasm::TypeIndex to, wasm::TypeIndex from);
  void array_init_data(wasm::TypeIndex type, wasm::DataIndex data);
  void array_init_elem(wasm::TypeIndex type, wasm::ElemIndex elem);
  void ref_i31();
  void i31_get(wasm::Opcode opcode);
  // The two conversions do not change the reference.
  void any_convert_extern() {}
  void extern_convert_any() {}

 private:
  using Value = ir::Value;
  using Block = ir::Block;
  using Type = ir::Type;

  static constexpr uint32_t kNone = 0xffff'ffff;

  struct Local {
    Value value;  // the current value
    Type type = Type::none;
    uint32_t logged = kNone;  // index in log_ of the latest change; kNone if there is none
  };
  // The value of a local before a change. The local gets it back when the frame in which the change was made ends.
  struct LogEntry {
    uint32_t local;
    Value old_value;
    uint32_t old_logged;  // Local::logged before the change
  };
  // A value that a local has at a branch, or in a handler of exceptions.
  struct LocalValue {
    uint32_t local;
    Value value;
  };
  // A branch to a label, or a throw to a handler, whose block does not exist yet.
  struct Edge {
    uint32_t next;         // index in edges_ of the next edge of the same frame; kNone at the end of the list
    uint32_t target;       // index in Function::target_lists of the target that the merge fills in
    Block from;            // the block that the branch ends
    uint32_t first_value;  // index in edge_values_ of the results that the branch passes
    uint32_t first_local;  // index in edge_locals_ of the locals that changed since the frame began
    uint32_t local_count;  // number of these locals
  };
  enum class FrameKind : uint8_t { function, block, loop, if_, else_, try_table, try_, catch_ };
  enum class Arms : uint8_t { both, then_only, else_only };  // the arms of an `if` that its condition leaves reachable
  // An open block of the function body. The function itself is the outermost frame.
  struct Frame {
    FrameKind kind = FrameKind::block;
    Arms arms = Arms::both;
    uint32_t height = 0;  // height of the operand stack below the block's parameters
    uint32_t param_count = 0;
    uint32_t result_count = 0;
    uint32_t label_count = 0;      // number of values that a branch passes
    uint32_t log_mark = 0;         // size of log_ when the frame began
    uint32_t table_mark = 0;       // mark in the value table when the frame began
    uint32_t merge_mark = kNone;   // the least mark_for() of all branches to the label
    uint32_t first_edge = kNone;   // index in edges_ of the latest branch to the label
    uint32_t else_target = kNone;  // if: index in Function::target_lists of the target for the else arm
    // loop: the header; if: the block in which the `if` stands; catch: the block where no clause so far has matched
    Block block;
    // A range of saved_ (if: the parameters), of loop_locals_ (loop: the locals that it writes), of clauses_
    // (try_table), or of handler_locals_ (catch: the locals that changed on the way to the handler).
    uint32_t first_saved = 0;
    uint32_t saved_count = 0;
    // The members from here on belong to try_table, try_ and catch_. The part of the body from which exceptions go to
    // the frame's handlers is called its region.
    uint32_t outer_handler = kNone;  // index in frames_ of the frame with the next outer region
    uint32_t first_throw = kNone;    // index in edges_ of the latest throw in the region; the edges pass the exception
    uint32_t handler_mark = kNone;   // the least mark_for() of all throws in the region
    uint32_t clause_mark = 0;        // catch: mark in the value table when `block` was made
    Value exception;                 // catch: the exception; none if nothing is thrown in the region
  };

  // --- operands and locals. The topmost operand is the last one in stack_.
  void push(Value value) { stack_.push_back(value); }
  Value pop() {
    const Value value = stack_.back();
    stack_.pop_back();
    return value;
  }
  std::span<const Value> top(uint32_t count) const { return stack_.as_span().last(count); }
  void drop_values(uint32_t count) { stack_.resize(stack_.size() - count); }
  // Sets a local. Its first change in the innermost frame goes to log_.
  void write_local(uint32_t local, Value value);
  // Gives the locals the values that they had when log_ had the size `log_mark`.
  void undo_locals(uint32_t log_mark);

  // Every branch records all locals that changed since the target's block began. In a hostile body, this could take
  // time that is not linear in the body's size, so the number of records (merge_work_) is limited.
  static constexpr uint64_t kMaximumMergeWork = uint64_t{1} << 28;
  [[nodiscard]] bool is_over_limit() const { return function_.arena.exhausted() || merge_work_ > kMaximumMergeWork; }

  // --- control. A `depth` counts open frames: 0 is the innermost one.
  Frame& frame_at(uint32_t depth) { return frames_[frames_.size() - 1 - depth]; }
  // Opens a frame. Its block parameters are on the stack, and stay there.
  Frame& push_frame(FrameKind kind, const wasm::BlockSignature& signature);
  Block create_block();  // with the current loop depth
  // The next instructions are appended to `block`, and are live.
  void start_block(Block block);
  // Places the terminator and returns it. The code after it is dead until start_block().
  Value terminate(ir::Instruction terminator);
  // Makes a terminator with `count` targets, which the caller or a merge fills in later. Returns the first target's
  // index in target_lists.
  uint32_t terminate(ir::Opcode opcode, uint32_t count, Value operand, ir::BranchHint hint);
  // Makes target_lists[target] lead to the label at `depth`: at once if the label is a loop's header, and otherwise by
  // record_edge(), which leaves an edge for the merge.
  void connect(uint32_t depth, uint32_t target);
  // Adds an edge from the current block to the label at `depth`, which is not a loop.
  void record_edge(uint32_t depth, uint32_t target);
  // Returns a mark in the value table. For a branch from the current position to the label at `depth`, the entries
  // before the mark are valid at the label.
  uint32_t mark_for(uint32_t depth) { return depth == 0 ? insert_.table().mark() : frame_at(depth - 1).table_mark; }
  // Adds an edge of `frame` that passes the topmost `count` values, in front of the edge `next` in a list. Returns its
  // index in edges_.
  uint32_t add_edge(const Frame& frame, uint32_t target, uint32_t count, uint32_t next);
  // Jumps to the label at `depth`, or returns if that is the function.
  void jump_to(uint32_t depth);
  // Branches to the label at `depth` if the condition is not zero, or, without `when_nonzero`, if it is zero. Returns
  // whether the code after the branch is live.
  wasm::Reachability branch_to(uint32_t depth, Value condition, bool when_nonzero);
  // Ends the innermost frame, which is `frame`, and continues with the code after its end. Returns whether this code is
  // live. merge_one() and merge_many() do this for one branch to the end and for several.
  wasm::Reachability merge(Frame& frame);
  void merge_one(const Frame& frame, const Edge& edge);
  void merge_many(const Frame& frame);
  // Returns the module's branch hint for the current instruction, or BranchHint::none.
  ir::BranchHint next_hint();
  // Ends the current block with a trap, marks the block as cold, and returns the terminator.
  ir::Value trap(wasm::TrapKind kind);

  // --- calls
  struct Callee {
    ir::CalleeKind kind;
    uint32_t index;                                                      // function index; 0 for a reference
    Value reference;                                                     // the VMFuncRef of a reference, otherwise none
    wasm::TrapKind null_trap = wasm::TrapKind::null_function_reference;  // the trap if the reference is null
  };
  // Pops the arguments, calls, and pushes the results. In a region of exceptions, the call is an invoke.
  void make_call(const Callee& callee, const ir::Signature& signature);
  // Calls note_type() for the results of a call, which are on the stack.
  void note_results(const wasm::FuncType& type);
  // Pops the arguments, and ends the block with a tail call.
  void make_return_call(const Callee& callee, const ir::Signature& signature);
  // Places an invoke and its landing pad, and pushes the results.
  void make_invoke(const ir::CallInfo& info);
  // Returns a function of the module, which may be imported, as a Callee.
  Callee direct(wasm::FuncIndex function) const;
  // Pops the index of an element of the table, loads the element, and checks that it is a function of the type.
  Callee indirect(wasm::TypeIndex type, wasm::TableIndex table);
  // Returns the builtin's result; if it has none, the call itself. The VMContext is not among the arguments.
  Value call_builtin(abi::Builtin builtin, std::span<const Value> arguments);
  // Traps unless the condition holds for a and b. Returns `value`, or with Options::mask a value that is zero for a CPU
  // that mispredicts the check. Only the returned value may be used for the access that the check allows (INV-26).
  Value checked(Value value, ir::Condition condition, Value a, Value b, wasm::TrapKind trap);
  // Traps if a builtin's status is not zero.
  void check_status(Value status, wasm::TrapKind kind) { insert_.trap_if(status, kind); }
  // A memory, table or segment. `type` is the type of positions in it.
  struct Range {
    uint32_t index;  // in the index space of memories, tables or segments
    wasm::AddressType type;
  };
  // Builds an instruction that copies a range: a call of the builtin, and a trap of the kind if its status says that a
  // range is out of bounds. Pops the instruction's operands: the positions in `to` and `from`, and the length.
  void copy_range(abi::Builtin builtin, Range to, Range from, wasm::TrapKind kind);
  // Calls data_drop or elem_drop for the segment with this index.
  void drop_segment(abi::Builtin builtin, uint32_t segment);

  // --- exceptions. exceptions.cpp explains the functions that have no comment here.
  struct PayloadLayout {
    std::span<uint32_t> offsets;  // for each field, its offset in bytes in the exception object
    uint32_t size = 0;            // bytes of the exception object
  };
  void throw_value(Value exception, abi::Builtin how);
  bool jump_to_clause(wasm::TagIndex thrown, uint32_t count);
  void throw_to_handler(Value exception);
  void push_region(FrameKind kind, const wasm::BlockSignature& signature);
  bool begin_handler();
  void dispatch(const Frame& frame, Value exception);
  Block begin_clause(Value exception, wasm::TagIndex tag);
  void push_payload(Value exception, wasm::TagIndex tag);
  bool next_clause();
  wasm::Reachability end_region();
  PayloadLayout payload_layout(const wasm::FuncType& type);  // the payload of a tag of this type
  // Returns the address of the VMTag, as an i64. This address is the tag's identity, which exceptions hold.
  Value tag_address(wasm::TagIndex tag);
  // Returns the base address of the managed heap, as an i64.
  Value heap_base();
  // Loads a field of a managed object. The access has the field's offset.
  Value load_field(Type type, Value object, const ir::MemoryAccess& access);

  // --- numbers. wide() builds an operation with a 128-bit result, and pushes the low and the high half of the result.
  void wide(ir::Opcode opcode);

  // --- relaxed vector instructions whose results must be the same everywhere (relaxed.cpp)
  void deterministic(wasm::Opcode opcode);
  // Makes a vector operation with one, two or three operands.
  Value vector(ir::SimdOp op, Value a, Value b = Value::none(), Value c = Value::none());
  Value dot_bytes(Value a, Value b);  // `dot a b` of relaxed.cpp
  // Returns the constant 0, or null, of the type.
  Value zero_of(Type type);

  // --- memory
  // The operands and the MemoryAccess of an access to a memory.
  struct Address {
    Value address;
    Value base;  // none for memory 0
    ir::MemoryAccess access;
  };
  // Checks the bounds of an access of `size` bytes, unless guard pages do this. `address` is the dynamic part of the
  // address: an i32 or i64, as the memory's address type says.
  Address prepare_access(const wasm::MemArg& memarg, Value address, uint8_t size);
  Value check_address(const wasm::MemArg& memarg, Value address, uint8_t size, uint64_t& offset);
  Value memory_length(wasm::MemoryIndex memory);  // in bytes, as an i64
  Value memory_base(wasm::MemoryIndex memory);    // the address of the first byte, as an i64
  // Converts an address or length of the type to an i64 (widen) or back (narrow).
  Value widen(Value value, wasm::AddressType type);
  Value narrow(Value value, wasm::AddressType type);
  // --- atomics. `size` is the number of accessed bytes.
  // Traps if address + static offset is not a multiple of `size`.
  void check_alignment(const wasm::MemArg& memarg, Value address, uint8_t size);
  // Builds an access of the group (atomics.cpp numbers the groups) whose operands and result have the type.
  void atomic_access(uint32_t group, Type type, uint8_t size, const wasm::MemArg& memarg);
  void atomic_wait(const wasm::MemArg& memarg, uint8_t size);
  void atomic_notify(const wasm::MemArg& memarg);
  void place_fence();

  // Places a load, a store or an atomic access, and returns it. `value` is the third operand, `lane` becomes
  // Instruction::aux, and `immediate` Instruction::immediate.
  Value place_access(ir::Opcode opcode, Type type, const Address& address, Value value = Value::none(),
                     uint8_t lane = 0, int64_t immediate = 0);

  // --- tables
  Value table_length(wasm::TableIndex table);  // the number of elements, as an i64
  Value load_table_field(wasm::TableIndex table, int64_t offset, ir::AliasClass alias);
  [[nodiscard]] bool is_no_object(Value reference) const;
  // Checks that the index of an element, which has the table's address type, is in bounds. Returns the index to be used
  // for the access, as an i64. The next two functions take such an index.
  Value check_element(wasm::TableIndex table, Value element, wasm::TrapKind out_of_bounds);
  void note_table_change(wasm::TableIndex table, Value element);
  Value table_element_address(wasm::TableIndex table, Value element);
  // Loads the element with this index, after the same check.
  Value load_element(wasm::TableIndex table, Value index, wasm::TrapKind out_of_bounds);
  ir::Type table_type(wasm::TableIndex table) const;  // the type of the elements
  Value table_word(Value value);
  ir::MemoryAccess element_access(wasm::TableIndex table) const;
  wasm::AddressType table_address(wasm::TableIndex table) const;  // the type of indices

  // --- references
  Value null_like(Value reference);  // the null constant of the reference's IR type
  // Returns the reference's bits as an i64, or, if there is a `base`, the address of the object. The result is valid up
  // to the next safepoint.
  Value gc_address(Value base, Value reference);

  // --- managed objects. structs.cpp, arrays.cpp and casts.cpp explain the functions that have no comment here.
  // A value as two 64-bit words, as the builtin array_fill takes it.
  struct Words {
    Value low, high;
  };
  Value new_object(abi::ObjectKind kind, wasm::TypeIndex type, uint64_t size, Value length = Value::none());
  // Stores to a field of a managed object, without a write barrier. The access has the field's offset.
  void store_field(Value object, const ir::MemoryAccess& access, Value value);
  void place_barrier(Value object, Value index, uint64_t offset, Value stored);
  void guard_null(Value object, ir::MemoryAccess& access);
  // Whether the reference is known not to be null.
  [[nodiscard]] bool is_non_null(Value reference) const;
  void note_type(Value value, wasm::ValType type);
  Value type_id(wasm::TypeIndex type);                  // the canonical id of the type, as an i32
  Value new_array(wasm::TypeIndex type, Value length);  // with `length` (i32) elements that are zero
  Value array_length(Value array);                      // the number of elements, as an i32; traps for null
  Value check_index(Value array, Value index);
  Value element_address(const ModuleContext::Field& elements, Value array, Value index);
  // Sets the element at `position` of a new array that is long enough.
  void store_element(wasm::TypeIndex type, Value array, uint32_t position, Value value);
  Words words_of(Value value);
  // Sets `length` elements from index `start` on, by the builtin array_fill.
  void fill(Value array, Value start, Value value, Value length);
  // Build array_new_* and array_init_*, whose elements come from the segment with this index.
  void new_from_segment(abi::Builtin builtin, wasm::TypeIndex type, uint32_t segment);
  void init_from_segment(abi::Builtin builtin, uint32_t segment);
  void check_type(Value reference, wasm::ValType target, wasm::ValType source, wasm::TrapKind trap);
  Value test_type(Value reference, wasm::ValType target, wasm::ValType source);

  // --- globals
  // Where the value of a global is: `displacement` bytes after `base`.
  struct Cell {
    Value base;  // none if the cell is in the VMContext
    int64_t displacement;
    ir::MemoryAccess access;
  };
  Cell global_cell(wasm::GlobalIndex global);

  // Records that the instruction with this name is not supported. The validator stops at the next instruction.
  wasm::Reachability refuse(const char* instruction) {
    if (unsupported_ == nullptr) unsupported_ = instruction;
    return wasm::Reachability::live;
  }

  const ModuleContext& context_;
  const wasm::Module& module_;
  ir::Function& function_;
  ir::Inserter insert_;
  LoopScan loop_scan_;

  ArenaVector<Value> stack_;
  ArenaVector<Local> locals_;
  ScratchVector<LogEntry> log_;
  ArenaVector<Frame> frames_;
  ScratchVector<Edge> edges_;
  ScratchVector<Value> edge_values_;
  ScratchVector<LocalValue> edge_locals_;
  ArenaVector<Value> saved_;
  ScratchVector<uint32_t> loop_locals_;
  ArenaVector<wasm::CatchClause> clauses_;
  ScratchVector<LocalValue> handler_locals_;
  // The index in frames_ of the innermost region around the current code; kNone if there is none.
  uint32_t handler_ = kNone;

  ScratchVector<bool> non_null_;  // for each value, whether it is a reference whose type excludes null

  // Scratch arrays, indexed by local (for edges, merges, and locals that are saved for a handler) or by label depth
  // (for br_table). Each use increments stamp_ and sets stamps_[i] = stamp_ when it first meets i, so the arrays need
  // no clearing. slots_[i] is the index that the use gave to i.
  ScratchVector<uint32_t> stamps_;
  uint32_t stamp_ = 0;
  ScratchVector<uint32_t> slots_;

  std::span<const wasm::BranchHint> hints_;  // the function's hints, from the current instruction on
  uint64_t merge_work_ = 0;                  // number of changed locals that branches have recorded
  uint64_t body_offset_ = 0;                 // offset of the body in the module
  uint64_t offset_ = 0;                      // offset of the current instruction in the module
  uint16_t loop_depth_ = 0;                  // number of open loops
  bool is_live_ = true;                      // whether control reaches the current position
  const char* unsupported_ = nullptr;        // name of the first unsupported instruction, or null
};

static_assert(wasm::FunctionSink<Builder>);

}  // namespace cairn::compiler

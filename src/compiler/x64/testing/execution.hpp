// Helpers for tests: they build functions of IR, compile them for x86-64, and run them in this process.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "abi/builtins.hpp"
#include "abi/entry.hpp"
#include "abi/vmcontext.hpp"
#include "compiler/codegen/allocation/regalloc.hpp"
#include "compiler/x64/target.hpp"

#if defined(__x86_64__)
#define CAIRN_TEST_X64 1
#else
#define CAIRN_TEST_X64 0
#endif

namespace cairn::x64::testing {

using ir::Type;
using ir::V128;
using ir::Value;

// The 16 bytes of an argument or a result. of() fills the bytes after the value with 0xcc.
struct Slot {
  alignas(16) V128 bytes{};
  template <class T>
  static Slot of(T value) {
    Slot slot;
    std::memset(slot.bytes.data(), 0xcc, 16);
    std::memcpy(slot.bytes.data(), &value, sizeof(T));
    return slot;
  }
  template <class T>
  [[nodiscard]] T as() const {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
};

// The outcome of a call: its results, or its trap.
struct Outcome {
  std::vector<Slot> results;
  std::optional<wasm::TrapKind> trap;
  uint32_t trap_position = 0;  // ir::Instruction::position of the instruction that trapped
};

// The optional instruction sets of the least CPU that the target supports, and those of this machine.
inline compiler::CpuFeatures floor_features() { return {}; }
inline compiler::CpuFeatures host_features() {
  compiler::CpuFeatures cpu;
#if CAIRN_TEST_X64
  __builtin_cpu_init();
  cpu.sse42 = __builtin_cpu_supports("sse4.2");
  cpu.popcnt = __builtin_cpu_supports("popcnt");
  cpu.lzcnt = __builtin_cpu_supports("lzcnt");
  cpu.bmi1 = __builtin_cpu_supports("bmi");
  cpu.bmi2 = __builtin_cpu_supports("bmi2");
  cpu.avx = __builtin_cpu_supports("avx");
  cpu.avx2 = __builtin_cpu_supports("avx2");
  cpu.fma = __builtin_cpu_supports("fma");
#endif
  return cpu;
}

// Builds a function of IR by hand. The functions that return a Value append an instruction to `block` and return its
// result. `aux` and `immediate` are fields of ir::Instruction; a `lane` is stored in the field `aux`.
class FunctionBuilder {
 public:
  FunctionBuilder(Arena& arena, std::vector<Type> params, std::vector<Type> results)
      : function(arena), params_(std::move(params)), results_(std::move(results)) {
    function.signature = {params_, results_};
    block = function.create_block();
    for (const Type type : params_) values.push_back(function.append_param(block, type));
  }
  [[nodiscard]] Value param(size_t i) const { return values[i]; }
  // Appends the instruction, with the next position.
  Value add(const ir::Instruction& instruction) {
    ir::Instruction copy = instruction;
    copy.position = ++position;
    return function.append(block, copy);
  }
  Value op(ir::Opcode opcode, Type type, std::initializer_list<Value> operands, uint8_t aux = 0,
           int64_t immediate = 0) {
    ir::Instruction instruction;
    instruction.opcode = opcode;
    instruction.type = type;
    instruction.aux = aux;
    instruction.immediate = immediate;
    size_t i = 0;
    for (const Value operand : operands) instruction.operands[i++] = operand;
    return add(instruction);
  }
  Value constant(Type type, int64_t bits) {
    return op(ir::is_float(type) ? ir::Opcode::fconst : ir::Opcode::iconst, type, {}, 0, bits);
  }
  Value vector_constant(const V128& value) {
    return op(ir::Opcode::vconst, Type::v128, {}, 0, function.add_vector_constant(value));
  }
  // Adds an instruction of wide arithmetic: add128 or sub128 with four operands, or mul_wide_* with two.
  Value wide(ir::Opcode opcode, std::vector<Value> operands) {
    ir::Instruction instruction;
    instruction.opcode = opcode;
    instruction.type = Type::i64;
    if (operands.size() == 4) {
      instruction.extra = function.add_values(operands);
    } else {
      instruction.operands[0] = operands[0];
      instruction.operands[1] = operands[1];
    }
    return add(instruction);
  }
  // Adds an instruction that accesses memory.
  Value access(ir::Opcode opcode, Type type, std::initializer_list<Value> operands, ir::MemoryAccess access,
               uint8_t lane = 0, int64_t immediate = 0) {
    ir::Instruction instruction;
    instruction.opcode = opcode;
    instruction.type = type;
    instruction.aux = lane;
    instruction.immediate = immediate;
    instruction.extra = function.add_access(access);
    size_t i = 0;
    for (const Value operand : operands) instruction.operands[i++] = operand;
    return add(instruction);
  }
  // Adds a call, or a tail call by the opcode return_call. `info` needs no arguments.
  Value call(const ir::CallInfo& info, std::vector<Value> arguments, ir::Opcode opcode = ir::Opcode::call) {
    ir::CallInfo copy = info;
    copy.first_argument = function.add_values(arguments);
    copy.argument_count = static_cast<uint32_t>(arguments.size());
    ir::Instruction instruction;
    instruction.opcode = opcode;
    instruction.type =
        opcode == ir::Opcode::return_call || info.signature.results.empty() ? Type::none : info.signature.results[0];
    instruction.extra = function.add_call(copy);
    return add(instruction);
  }
  // Returns a result of a call except the first one, which is the value `call`. So `position_of_result` is at least 1.
  Value result_of(Value call, Type type, int64_t position_of_result) {
    return op(ir::Opcode::result, type, {call}, 0, position_of_result);
  }
  void ret(std::vector<Value> returned) {
    ir::Instruction instruction;
    instruction.opcode = ir::Opcode::return_;
    instruction.extra = function.add_values(returned);
    instruction.immediate = static_cast<int64_t>(returned.size());
    add(instruction);
  }
  // Returns a jump target, for control(): a block and the arguments for its parameters.
  ir::Target target(ir::Block to, std::vector<Value> arguments = {}) {
    return {to, function.add_values(arguments), static_cast<uint32_t>(arguments.size())};
  }
  // Adds a branch, jump or br_table. `operand` is the condition or index.
  void control(ir::Opcode opcode, Value operand, std::vector<ir::Target> targets) {
    ir::Instruction instruction;
    instruction.opcode = opcode;
    instruction.operands[0] = operand;
    function.set_targets(instruction, targets);
    add(instruction);
  }

  ir::Function function;
  ir::Block block;            // the block to which instructions are appended
  std::vector<Value> values;  // the parameters
  uint32_t position = 100;    // the position of the latest instruction; the next one gets the next number

 private:
  std::vector<Type> params_, results_;
};

#if CAIRN_TEST_X64

// Executable memory with functions in it, an instance with a guarded memory, and a guarded stack.
class Machine {
 public:
  static constexpr size_t kMemoryBytes = 65536;      // the accessible part of memory 0
  static constexpr size_t kStackBytes = 256 * 1024;  // without the guard below the stack

  explicit Machine(const compiler::Options& options) : options_(options), target_(options), arena_(size_t{1} << 30) {
    text_ = map(kTextBytes, PROT_READ | PROT_WRITE);
    memory_ = map(abi::kGuardedReservation, PROT_NONE);
    mprotect(memory_, kMemoryBytes, PROT_READ | PROT_WRITE);
    // The lowest 64 KiB of the mapping guard the stack. Guest code may call C++ while 16 KiB of the stack are left.
    stack_ = map(kStackBytes + 65536, PROT_NONE);
    mprotect(stack_ + 65536, kStackBytes, PROT_READ | PROT_WRITE);
    context_.resize(4096);
    auto* header = vmctx();
    header->memory0_base = memory_;
    header->store = &store_;
    header->builtins = builtins_.data();
    header->magic = abi::kVMContextMagic;
    store_.stack_limit = stack_ + 65536 + 16384;
    install();
  }
  ~Machine() {
    munmap(text_, kTextBytes);
    munmap(memory_, abi::kGuardedReservation);
    munmap(stack_, kStackBytes + 65536);
  }
  Machine(const Machine&) = delete;

  // Compiles a function. Calls name it by its `function_index`, and link() resolves them.
  void add(const ir::Function& function) {
    codegen::MachineFunction machine(arena_);
    auto lowered = target_.lower(function, machine);
    CAIRN_ASSERT(lowered.has_value());
    auto allocation = codegen::allocate_registers(machine, target_.register_file(), {options_.register_limit});
    CAIRN_ASSERT(allocation.has_value());
    codegen::CodeBuffer code(arena_);
    CAIRN_ASSERT(target_.emit(machine, *allocation, code).has_value());
    place(code, function.function_index);
  }
  // The functions up to add_stub() add trampolines and stubs. They return offsets in the text, for address() and run().
  size_t add_entry(const ir::Signature& signature) {
    codegen::CodeBuffer code(arena_);
    target_.emit_entry_trampoline(signature, code);
    return place(code, kNoFunction);
  }
  size_t add_host(const ir::Signature& signature) {
    codegen::CodeBuffer code(arena_);
    target_.emit_host_trampoline(signature, code);
    return place(code, kNoFunction);
  }
  size_t add_restore() {
    codegen::CodeBuffer code(arena_);
    target_.emit_tail_call_restore(code);
    return place(code, kNoFunction);
  }
  size_t add_stub(abi::Builtin builtin) {
    codegen::CodeBuffer code(arena_);
    target_.emit_exit_stub(builtin, code);
    return place(code, kNoFunction);
  }
  // Resolves the calls, and makes the text executable. Nothing can be added until unlink() makes it writable again.
  void link() {
    for (const Call& call : calls_) {
      const uint32_t value = static_cast<uint32_t>(functions_.at(call.function) - call.at - 4);
      std::memcpy(text_ + call.at, &value, 4);
    }
    mprotect(text_, kTextBytes, PROT_READ | PROT_EXEC);
  }
  void unlink() { mprotect(text_, kTextBytes, PROT_READ | PROT_WRITE); }

  // Calls a function by its index through the trampoline that add_entry() has returned. `results` is the number of
  // results. run_code() does the same with the address of the code, in the instance of `context`.
  Outcome run(size_t entry, uint32_t function, const std::vector<Slot>& arguments, size_t results) {
    return run_code(entry, address(functions_.at(function)), vmctx(), arguments, results);
  }
  Outcome run_code(size_t entry, const void* code, abi::VMContext* context, const std::vector<Slot>& arguments,
                   size_t results) {
    std::vector<Slot> slots(std::max(arguments.size(), results) + 1);
    std::copy(arguments.begin(), arguments.end(), slots.begin());
    abi::EntryArguments entered;
    entered.code = code;
    entered.context = context;
    entered.values = reinterpret_cast<std::byte*>(slots.data());
    entered.stack_top = stack_ + 65536 + kStackBytes;
    Outcome outcome;
    running = this;
    arguments_ = &entered;
    trapped_.reset();
    reinterpret_cast<void (*)(abi::EntryArguments*)>(const_cast<void*>(address(entry)))(&entered);
    running = nullptr;
    if (trapped_) {
      outcome.trap = trapped_->kind;
      outcome.trap_position = trapped_->wasm_offset;
      return outcome;
    }
    slots.resize(results);
    outcome.results = std::move(slots);
    return outcome;
  }

  [[nodiscard]] const void* address(size_t offset) const { return text_ + offset; }
  // The offset of a function's code in the text.
  [[nodiscard]] size_t function_offset(uint32_t index) const { return functions_.at(index); }
  [[nodiscard]] std::byte* memory() const { return memory_; }
  [[nodiscard]] abi::VMContext* vmctx() { return reinterpret_cast<abi::VMContext*>(context_.data()); }
  [[nodiscard]] abi::VMStoreState& store() { return store_; }
  [[nodiscard]] std::span<const std::byte> text() const { return {text_, used_}; }
  std::array<const void*, abi::kBuiltinCount> builtins_{};  // VMContext::builtins; tests fill in what they call

  // Ends the guest's code with a trap, as the builtin raise_trap does.
  [[noreturn]] void trap_now(wasm::TrapKind kind) {
    trapped_ = codegen::TrapSite{0, 0, kind};
    asm volatile("mov %0, %%rsp; jmp *%1" ::"r"(arguments_->saved_stack_pointer), "r"(arguments_->trap_resume)
                 : "memory");
    __builtin_unreachable();
  }
  static inline Machine* running = nullptr;  // the machine whose guest code runs now

 private:
  static constexpr uint32_t kNoFunction = 0xffff'ffff;
  static constexpr size_t kTextBytes = 16 << 20;
  // A call instruction: the offset in the text of its 32-bit distance, and the index of the callee.
  struct Call {
    size_t at;
    uint32_t function;
  };

  static std::byte* map(size_t bytes, int protection) {
    void* at = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CAIRN_ASSERT(at != MAP_FAILED);
    return static_cast<std::byte*>(at);
  }

  // Copies the code and its read-only data to the text, and applies the relocations. Returns the offset of the code.
  // `function` is the function's index, or kNoFunction for a trampoline or stub.
  size_t place(const codegen::CodeBuffer& code, uint32_t function) {
    used_ = (used_ + 63) & ~size_t{63};
    const size_t begin = used_;
    if (!code.bytes.empty()) std::memcpy(text_ + begin, code.bytes.data(), code.bytes.size());
    const size_t rodata = (begin + code.bytes.size() + 63) & ~size_t{63};
    if (!code.rodata.empty()) std::memcpy(text_ + rodata, code.rodata.data(), code.rodata.size());
    used_ = rodata + code.rodata.size();
    CAIRN_ASSERT(used_ < kTextBytes);
    for (const codegen::Relocation& relocation : code.relocations) {
      size_t at = begin + relocation.offset;
      uint32_t value = 0;
      switch (relocation.kind) {
        case codegen::RelocationKind::call: calls_.push_back({at, relocation.target}); continue;
        case codegen::RelocationKind::type_id: value = 1000 + relocation.target; break;  // type n has id 1000 + n
        case codegen::RelocationKind::rodata:
          value =
              static_cast<uint32_t>(rodata + relocation.target + static_cast<size_t>(int64_t{relocation.addend}) - at);
          break;
        case codegen::RelocationKind::code_address:
          at = rodata + relocation.offset;
          value =
              static_cast<uint32_t>(begin + relocation.target + static_cast<size_t>(int64_t{relocation.addend}) - at);
          break;
      }
      std::memcpy(text_ + at, &value, 4);
    }
    for (codegen::TrapSite site : code.traps) {
      site.offset += static_cast<uint32_t>(begin);
      traps_.push_back(site);
    }
    if (function != kNoFunction) {
      functions_.resize(std::max<size_t>(functions_.size(), function + 1));
      functions_[function] = begin;
    }
    return begin;
  }

  // Turns a fault into a trap: at a recorded trap site into the site's trap, and at the stack's guard into
  // call_stack_exhausted. The guest's code then ends.
  static void on_signal(int, siginfo_t* info, void* raw) {
    auto* context = static_cast<ucontext_t*>(raw);
    Machine* const machine = running;
    if (machine == nullptr) abort();
    const auto pc = static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_RIP]);
    const size_t offset = pc - reinterpret_cast<uintptr_t>(machine->text_);
    for (const codegen::TrapSite& site : machine->traps_)
      if (site.offset == offset) machine->trapped_ = site;
    const auto* address = static_cast<const std::byte*>(info->si_addr);
    if (offset < machine->used_ && address >= machine->stack_ && address < machine->stack_ + 65536)
      machine->trapped_ = codegen::TrapSite{0, 0, wasm::TrapKind::call_stack_exhausted};
    if (!machine->trapped_) abort();
    context->uc_mcontext.gregs[REG_RSP] =
        static_cast<greg_t>(reinterpret_cast<uintptr_t>(machine->arguments_->saved_stack_pointer));
    context->uc_mcontext.gregs[REG_RIP] =
        static_cast<greg_t>(reinterpret_cast<uintptr_t>(machine->arguments_->trap_resume));
  }
  // Installs on_signal() as the handler of faults. It runs on a stack of its own, because the guest's may be exhausted.
  static void install() {
    static std::byte alternate[65536];
    stack_t stack{.ss_sp = alternate, .ss_flags = 0, .ss_size = sizeof alternate};
    sigaltstack(&stack, nullptr);
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) sigaction(number, &action, nullptr);
  }

  compiler::Options options_;
  X64Target target_;
  Arena arena_;
  std::byte* text_ = nullptr;
  std::byte* memory_ = nullptr;
  std::byte* stack_ = nullptr;      // the lowest address of the mapping, where the guard is
  std::vector<std::byte> context_;  // the VMContext, with room for imports after it
  abi::VMStoreState store_;
  size_t used_ = 0;                           // bytes of the text that are in use
  std::vector<size_t> functions_;             // by index: the offset of the code in the text
  std::vector<Call> calls_;                   // the calls that link() resolves
  std::vector<codegen::TrapSite> traps_;      // their offsets are in the text
  abi::EntryArguments* arguments_ = nullptr;  // those of the running call
  std::optional<codegen::TrapSite> trapped_;  // the trap that has ended the running call
};

#endif  // CAIRN_TEST_X64

}  // namespace cairn::x64::testing

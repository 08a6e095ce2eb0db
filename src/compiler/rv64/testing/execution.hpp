// Helpers for tests: they compile functions of IR for RV64, and run them under qemu-riscv64.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "abi/builtins.hpp"
#include "base/testing/temporary_directory.hpp"
#include "compiler/codegen/allocation/regalloc.hpp"
#include "compiler/rv64/encoding/assembler.hpp"
#include "compiler/rv64/target.hpp"

namespace cairn::rv64 {

// These functions convert between values and slots: the 16 bytes of an argument or a result. The bytes after the value
// are 0.
inline ir::V128 to_slot(const void* data, size_t size) {
  ir::V128 slot{};
  std::memcpy(slot.data(), data, size);
  return slot;
}
template <class T>
ir::V128 slot_of(T value) {
  return to_slot(&value, sizeof value);
}
template <class T>
T from_slot(const ir::V128& slot) {
  T value;
  std::memcpy(&value, slot.data(), sizeof value);
  return value;
}

// The outcome of a call: its results or its trap.
struct Outcome {
  std::optional<wasm::TrapKind> trap;
  std::vector<ir::V128> values;
  std::vector<uint8_t> memory;  // the first 256 bytes and the last 256 of 64 KiB; empty if the call has Memory::none
};

// A machine that runs the tests: the CPU features to compile for, and the argument of QEMU's option -cpu.
struct Machine {
  std::string name;
  compiler::CpuFeatures cpu;
  std::string qemu;
};
inline std::vector<Machine> machines() {
  compiler::CpuFeatures plain, bits, all;
  bits.zba = bits.zbb = bits.zbs = true;
  all = bits;
  all.v = true;
  return {{"plain", plain, "rv64,zba=false,zbb=false,zbc=false,zbs=false"},
          {"bits", bits, "rv64"},
          {"vector", all, "rv64,v=true,vlen=128,vext_spec=v1.0"},
          {"vector256", all, "rv64,v=true,vlen=256,vext_spec=v1.0"}};
}

// Compiled functions, and the calls of them that one run of QEMU makes.
class Program {
 public:
  using Build = std::function<void(ir::Function&, std::vector<ir::Type>& params, std::vector<ir::Type>& results)>;

  // `register_limit` is the number of registers of each class that the allocator may use; 0 means all.
  explicit Program(Machine machine, uint32_t register_limit = 0) : machine_(std::move(machine)) {
    options_.architecture = compiler::Architecture::riscv64;
    options_.cpu = machine_.cpu;
    options_.register_limit = register_limit;
    target_ = make_rv64_target(options_);
  }

  // Compiles a function of this signature, which `build` fills in. Returns its number, which is also its function
  // index.
  uint32_t add(std::vector<ir::Type> params, std::vector<ir::Type> results,
               const std::function<void(ir::Function&)>& build) {
    Arena arena(size_t{1} << 28);
    ir::Function function(arena);
    function.function_index = static_cast<uint32_t>(functions_.size());
    function.signature = {params, results};
    build(function);
    codegen::MachineFunction machine_function(arena);
    codegen::CodeBuffer code(arena);
    check(target_->lower(function, machine_function));
    auto allocation = allocate_registers(machine_function, target_->register_file(), {options_.register_limit});
    if (!allocation) {
      ADD_FAILURE() << allocation.error().to_string();
      return 0;
    }
    check(target_->emit(machine_function, *allocation, code));
    Function& f = functions_.emplace_back();
    f.params = std::move(params);
    f.results = std::move(results);
    f.code = place(code);
    codegen::CodeBuffer entry(arena);
    target_->emit_entry_trampoline({f.params, f.results}, entry);
    f.entry = place(entry);
    return static_cast<uint32_t>(functions_.size() - 1);
  }

  // Adds a host function of this signature and returns its number, for add_import(). qemu/run_code.c says what the
  // function does.
  uint32_t add_host(std::vector<ir::Type> params, std::vector<ir::Type> results) {
    Arena arena(1 << 20);
    codegen::CodeBuffer code(arena);
    target_->emit_host_trampoline({params, results}, code);
    Function& f = functions_.emplace_back();
    f.code = place(code);
    return static_cast<uint32_t>(functions_.size() - 1);
  }
  // Adds the next import of both instances. Context 0 is that of the instance under test, 1 is that of another
  // instance, and 2 is the host's. The VMFuncRef of import n is at byte 80 + 256 + 32 * n of the VMContext.
  void add_import(uint32_t function, uint32_t context) { imports_.push_back({function, context}); }

  // Flags of a call. `shown` fills the memory before the call and puts its ends in the outcome. `called_by_other` says
  // that host functions are to see context 1 as their caller.
  enum Memory : uint8_t { none = 0, shown = 1, called_by_other = 2 };
  // Adds a call, with the arguments in slots of 16 bytes. run() passes its outcome to `check`. `memory` has flags of
  // Memory.
  void call(uint32_t function, std::vector<ir::V128> arguments, std::function<void(const Outcome&)> check,
            uint8_t memory = none) {
    cases_.push_back({function, std::move(arguments), std::move(check), memory});
  }

  // Whether this machine has QEMU, and the compiler and the C library that run_code.c needs.
  [[nodiscard]] static bool can_run() {
    return system(
               "qemu-riscv64 --version > /dev/null 2>&1 && clang-22 --version > /dev/null 2>&1 && "
               "test -e /usr/riscv64-linux-gnu/lib/libc.a") == 0;
  }

  // Runs all calls, and passes their outcomes to their checks. qemu/run_code.c reads the words of the input file.
  void run() {
    static const cairn::testing::TemporaryDirectory directory;
    const std::string runner = directory.file("run_code"), input = directory.file("input"),
                      output = directory.file("output");
    static bool built = false;
    if (!built)
      ASSERT_EQ(system(("clang-22 --target=riscv64-linux-gnu -O1 -static -fuse-ld=lld -o " + runner +
                        " " CAIRN_SOURCE_DIR "/src/compiler/rv64/testing/qemu/run_code.c")
                           .c_str()),
                0);
    built = true;
    Arena arena(1 << 20);
    codegen::CodeBuffer restore(arena);
    target_->emit_tail_call_restore(restore);
    const uint64_t restore_offset = place(restore);
    resolve_calls();

    // The input: the image, the trap sites, the number of raise_trap, the offset of the restore stub, the imports, and
    // the cases. The image and each list come after their size.
    std::vector<uint64_t> words;
    const auto put_bytes = [&](const void* data, size_t size) {
      const size_t at = words.size();
      words.resize(at + (size + 7) / 8);
      std::memcpy(words.data() + at, data, size);
    };
    words.push_back(image_.size());
    put_bytes(image_.data(), image_.size());
    words.push_back(traps_.size());
    for (const codegen::TrapSite& trap : traps_) {
      words.push_back(trap.offset);
      words.push_back(static_cast<uint64_t>(trap.kind));
    }
    words.push_back(static_cast<uint64_t>(abi::Builtin::raise_trap));
    words.push_back(restore_offset);
    words.push_back(imports_.size());
    for (const Import& import : imports_) {
      words.push_back(functions_[import.function].code);
      words.push_back(import.context);
    }
    words.push_back(cases_.size());
    for (const Case& c : cases_) {
      const Function& f = functions_[c.function];
      words.insert(words.end(), {f.entry, f.code, slots_of(f), c.memory});
      std::vector<ir::V128> slots = c.arguments;
      slots.resize(slots_of(f));
      put_bytes(slots.data(), slots.size() * 16);
    }
    FILE* file = fopen(input.c_str(), "w");
    fwrite(words.data(), 8, words.size(), file);
    fclose(file);
    ASSERT_EQ(
        system(("timeout 300 qemu-riscv64 -cpu " + machine_.qemu + " " + runner + " " + input + " " + output).c_str()),
        0)
        << machine_.name;

    file = fopen(output.c_str(), "r");
    for (const Case& c : cases_) {
      Outcome outcome;
      uint64_t trapped = 0;
      ASSERT_EQ(fread(&trapped, 8, 1, file), 1u);
      // The word is 0, or 1 + the TrapKind.
      if (trapped != 0) outcome.trap = static_cast<wasm::TrapKind>(trapped - 1);
      outcome.values.resize(slots_of(functions_[c.function]));
      ASSERT_EQ(fread(outcome.values.data(), 16, outcome.values.size(), file), outcome.values.size());
      if (c.memory != 0) {
        outcome.memory.resize(512);
        ASSERT_EQ(fread(outcome.memory.data(), 1, 512, file), 512u);
      }
      c.check(outcome);
      if (::testing::Test::HasFailure() && ++failures_ > 20) break;
    }
    fclose(file);
  }

  [[nodiscard]] const Machine& machine() const { return machine_; }
  [[nodiscard]] const codegen::Target& target() const { return *target_; }
  // The code of all functions so far, to look at in a debugger.
  [[nodiscard]] const std::vector<std::byte>& image() const { return image_; }

 private:
  struct Function {
    std::vector<ir::Type> params, results;
    uint64_t code = 0, entry = 0;  // offsets in the image of the code and of its entry trampoline
  };
  struct Case {
    uint32_t function;
    std::vector<ir::V128> arguments;
    std::function<void(const Outcome&)> check;
    uint8_t memory;
  };
  struct Import {
    uint32_t function, context;
  };
  // A call instruction: its offset in the image, and the number of the callee.
  struct Call {
    uint64_t offset;
    uint32_t function;
  };

  // The number of slots that hold the arguments, and then the results.
  static size_t slots_of(const Function& f) { return std::max<size_t>(1, std::max(f.params.size(), f.results.size())); }
  static void check(const Result<void>& result) { ASSERT_TRUE(result.has_value()) << result.error().to_string(); }

  // Returns the 32 bits at the offset `at` of the image.
  uint32_t word(uint64_t at) const {
    uint32_t value = 0;
    std::memcpy(&value, &image_[at], 4);
    return value;
  }
  // Patches an auipc or lui at `at`, and the immediate of 12 bits in the instruction after it.
  void patch(uint64_t at, int64_t value) {
    const uint32_t high = word(at) | static_cast<uint32_t>((value + 0x800) >> 12) << 12;
    const uint32_t low = word(at + 4) | static_cast<uint32_t>(value) << 20;
    std::memcpy(&image_[at], &high, 4);
    std::memcpy(&image_[at + 4], &low, 4);
  }

  // Appends the code and its read-only data to the image, and applies the relocations. Returns the offset of the code.
  uint64_t place(const codegen::CodeBuffer& code) {
    while (image_.size() % 16 != 0) image_.push_back(std::byte{0});
    const uint64_t base = image_.size();
    image_.insert(image_.end(), code.bytes.begin(), code.bytes.end());
    while (image_.size() % 64 != 0) image_.push_back(std::byte{0});
    const uint64_t rodata = image_.size();
    image_.insert(image_.end(), code.rodata.begin(), code.rodata.end());
    for (const codegen::Relocation& r : code.relocations) {
      const uint64_t at = base + r.offset;
      switch (r.kind) {
        case codegen::RelocationKind::rodata:
          patch(at, static_cast<int64_t>(rodata + r.target) - static_cast<int64_t>(at));
          break;
        case codegen::RelocationKind::call: calls_.push_back({at, r.target}); break;
        case codegen::RelocationKind::type_id: patch(at, 1000 * int64_t{r.target}); break;  // type n has id 1000 * n
        default: ADD_FAILURE() << "relocation"; break;
      }
    }
    for (codegen::TrapSite trap : code.traps) {
      trap.offset += static_cast<uint32_t>(base);
      traps_.push_back(trap);
    }
    return base;
  }
  void resolve_calls() {
    for (const Call& call : calls_)
      patch(call.offset, static_cast<int64_t>(functions_[call.function].code) - static_cast<int64_t>(call.offset));
    calls_.clear();
  }

  Machine machine_;
  compiler::Options options_;
  std::unique_ptr<codegen::Target> target_;
  std::vector<std::byte> image_;
  std::vector<codegen::TrapSite> traps_;
  std::vector<Function> functions_;
  std::vector<Call> calls_;
  std::vector<Case> cases_;
  std::vector<Import> imports_;
  unsigned failures_ = 0;
};

// --- Building IR. These functions make an instruction, append a constant, and append a return of the values.

inline ir::Instruction instruction(ir::Opcode opcode, ir::Type type, std::initializer_list<ir::Value> operands = {},
                                   int64_t immediate = 0, uint8_t aux = 0) {
  ir::Instruction result;
  result.opcode = opcode;
  result.type = type;
  result.immediate = immediate;
  result.aux = aux;
  size_t i = 0;
  for (ir::Value operand : operands) result.operands[i++] = operand;
  return result;
}

inline ir::Value constant(ir::Function& f, ir::Block b, ir::Type type, uint64_t bits) {
  if (ir::is_float(type)) return f.append(b, instruction(ir::Opcode::fconst, type, {}, static_cast<int64_t>(bits)));
  if (type == ir::Type::i32) bits = static_cast<uint64_t>(int64_t{static_cast<int32_t>(bits)});
  return f.append(b, instruction(ir::Opcode::iconst, type, {}, static_cast<int64_t>(bits)));
}

inline void append_return(ir::Function& f, ir::Block block, std::span<const ir::Value> values) {
  ir::Instruction result = instruction(ir::Opcode::return_, ir::Type::none, {}, static_cast<int64_t>(values.size()));
  result.extra = f.add_values(values);
  f.append(block, result);
}

}  // namespace cairn::rv64

// The machine code of one function while it is emitted: its bytes, and the records about them.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "base/id.hpp"
#include "wasm/types/trap.hpp"

namespace cairn::codegen {

using Label = Id<struct LabelTag>;

enum class RelocationKind : uint8_t {
  call,     // to function `target` of the module (x86-64: 4 bytes pc-relative at offset; RV64: an auipc+jalr pair)
  type_id,  // canonical id of the module's type `target` (x86-64: 4 bytes at offset; RV64: a lui+addi pair)
  rodata,   // address of this function's constant data at byte `target` (x86-64: 4 bytes pc-relative; RV64: auipc+addi)
  code_address,  // 4 bytes at `offset` in rodata: distance from them to byte `target` of the code, plus the addend
};

struct Relocation {
  RelocationKind kind = RelocationKind::call;
  uint32_t offset = 0;  // byte in the function's code (for code_address: in its rodata)
  uint32_t target = 0;  // a number that RelocationKind explains
  int32_t addend = 0;   // added to the address of the target
};

// An instruction that may fault, or that raises a trap on purpose.
struct TrapSite {
  uint32_t offset = 0;       // the instruction's byte in the function's code
  uint32_t wasm_offset = 0;  // the WebAssembly instruction's byte in the module
  wasm::TrapKind kind = wasm::TrapKind::unreachable;
};

struct CallSite {
  uint32_t return_offset = 0;   // the byte of the function's code after the call instruction
  uint32_t wasm_offset = 0;     // the WebAssembly instruction's byte in the module
  uint32_t argument_bytes = 0;  // size of the stack argument area that the callee pops
  // A range of CodeBuffer::stack_offsets: the references that live across the call (StackMapRecord).
  uint32_t first_reference = 0;
  uint32_t reference_count = 0;
};

// The landing pad for exceptions that leave the call with this return address.
struct HandlerSite {
  uint32_t return_offset = 0;   // the byte of the function's code after the call instruction
  uint32_t landing_offset = 0;  // the landing pad's byte in the function's code
};

// The contents are in the arena, which must outlive the CodeBuffer.
class CodeBuffer {
 public:
  explicit CodeBuffer(Arena& arena)
      : bytes(arena),
        rodata(arena),
        relocations(arena),
        traps(arena),
        calls(arena),
        stack_offsets(arena),
        handlers(arena),
        constants_(arena) {}

  // Returns the number of bytes of code so far, which is the offset of the next one.
  [[nodiscard]] uint32_t offset() const { return static_cast<uint32_t>(bytes.size()); }
  // Each of these functions appends a number to the code, little-endian.
  void emit8(uint8_t value) { bytes.push_back(std::byte{value}); }
  void emit16(uint16_t value) { emit_little(value, 2); }
  void emit32(uint32_t value) { emit_little(value, 4); }
  void emit64(uint64_t value) { emit_little(value, 8); }

  // Adds constant data, aligned in `rodata` to its size, which is a power of two up to 64. Equal constants are shared.
  // Returns the offset in rodata.
  uint32_t add_constant(std::span<const std::byte> value);

  ArenaVector<std::byte> bytes;   // the code
  ArenaVector<std::byte> rodata;  // constant data of this function, aligned to 16 bytes in the object
  ArenaVector<Relocation> relocations;
  ArenaVector<TrapSite> traps;
  ArenaVector<CallSite> calls;
  ArenaVector<int32_t> stack_offsets;  // distances from the stack pointer, ranges of which CallSites name
  ArenaVector<HandlerSite> handlers;

  // The target fills these fields in at the end. FunctionRecord (code_object.hpp) says what they mean.
  uint32_t frame_bytes = 0;
  uint32_t argument_bytes = 0;
  uint32_t frame_begin = 0;
  uint32_t body_begin = 0;
  uint32_t saved_registers = 0;
  uint32_t saved_offset = 0;
  uint32_t flags = 0;

 private:
  void emit_little(uint64_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
  }
  void grow_constants();

  // An open-addressing table of the constants in rodata. An entry of size 0 is empty.
  struct Constant {
    uint32_t offset = 0;
    uint32_t size = 0;
  };
  ArenaVector<Constant> constants_;
  uint32_t constant_count_ = 0;
};

}  // namespace cairn::codegen

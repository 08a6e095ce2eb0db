// Writes random instructions that take the place of an instruction or go between two, without changing the types on the
// stack there.
#pragma once

#include <random>

#include "support/instructions.hpp"
#include "wasm/text/byte_writer.hpp"

namespace cairn::fuzz {

using Random = std::minstd_rand;

enum class Edit : uint8_t { replace, insert_before, insert_behind };

// Snippets for one function of a module.
class Snippets {
 public:
  Snippets(const wasm::Module& module, const FunctionInstructions& function, Random& random)
      : module_(module), function_(function), random_(random) {}

  // Writes instructions to `out`. Returns whether they replace the instruction `at`, or go before or after it.
  Edit edit(const Instruction& at, wasm::text::ByteWriter& out);

 private:
  // These functions write instructions to `out`. Those that return bool return false if they found none.
  unsigned pick(size_t count) { return static_cast<unsigned>(random_() % count); }
  void opcode(wasm::Opcode opcode, wasm::text::ByteWriter& out);
  bool constant(wasm::ValType type, wasm::text::ByteWriter& out);
  bool local_of(wasm::ValType type, uint32_t& index);           // looks for a local of the type
  void value(wasm::ValType type, wasm::text::ByteWriter& out);  // for types of numbers and v128
  bool same_signature(wasm::Opcode old, wasm::text::ByteWriter& out);
  void transform(wasm::ValType type, wasm::text::ByteWriter& out);  // [t] -> [t]
  void statement(wasm::text::ByteWriter& out);                      // [] -> []
  void memory_statement(wasm::text::ByteWriter& out);
  void memarg(wasm::Opcode opcode, wasm::text::ByteWriter& out);
  bool access(wasm::Opcode old, wasm::text::ByteWriter& out);

  const wasm::Module& module_;
  const FunctionInstructions& function_;
  Random& random_;
};

}  // namespace cairn::fuzz

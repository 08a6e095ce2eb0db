// Instructions to put in the place of others, or between them, so that the types on the stack stay what they were.
#pragma once

#include <random>

#include "support/instructions.hpp"
#include "wasm/text/byte_writer.hpp"

namespace cairn::fuzz {

using Random = std::minstd_rand;

enum class Edit : uint8_t { replace, insert_before, insert_behind };

class Snippets {
 public:
  Snippets(const wasm::Module& module, const FunctionInstructions& function, Random& random)
      : module_(module), function_(function), random_(random) {}

  // Writes what takes the instruction's place, or goes in front of it or behind it.
  Edit edit(const Instruction& at, wasm::text::ByteWriter& out);

 private:
  unsigned pick(size_t count) { return static_cast<unsigned>(random_() % count); }
  void opcode(wasm::Opcode opcode, wasm::text::ByteWriter& out);
  bool constant(wasm::ValType type, wasm::text::ByteWriter& out);  // false: the type has none
  bool local_of(wasm::ValType type, uint32_t& index);
  void value(wasm::ValType type, wasm::text::ByteWriter& out);  // a number's or vector's
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

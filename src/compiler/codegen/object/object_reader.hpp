// Reads a code object (code_object.hpp). The bytes may come from a cache or a file, so the reader checks all sections
// and records, and the result can be used without further checks. The machine code itself is not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "compiler/codegen/object/code_object.hpp"
#include "compiler/codegen/object/object_identity.hpp"
#include "compiler/options/options.hpp"

namespace cairn::codegen {

// A place in .text that holds the canonical id of one of the module's types.
struct TypeReference {
  // How the id is encoded: as a 32-bit word, or in the immediate of a lui or an addi.
  enum class Form : uint8_t { x86_64_32, riscv_hi20, riscv_lo12 };
  uint32_t offset = 0;  // offset in .text of the place's 4 bytes
  uint32_t type_index = 0;
  Form form = Form::x86_64_32;
};

struct ObjectContents {
  compiler::Architecture architecture = compiler::Architecture::x86_64;
  ObjectIdentity identity;                 // what the object claims to be; see check_identity()
  std::span<const std::byte> text;         // points into the object's bytes
  std::span<const std::byte> rodata;       // points into the object's bytes
  uint64_t rodata_offset = 0;              // bytes from the beginning of text to where rodata must be placed
  std::vector<FunctionRecord> functions;   // sorted by begin; they do not overlap
  std::vector<TrapRecord> traps;           // sorted by code_offset
  std::vector<CallRecord> calls;           // sorted by return_offset
  std::vector<StackMapRecord> stack_maps;  // sorted by return_offset; each has a range of stack_offsets
  std::vector<int32_t> stack_offsets;      // distances in bytes of slots from their functions' stack pointers
  std::vector<HandlerRecord> handlers;     // sorted by return_offset
  std::vector<TrampolineRecord> trampolines;
  std::vector<TypeReference> type_references;
};

// Reads the object, whose bytes must outlive the result. Errors: malformed, with a reason, if the object is broken;
// resource, if memory runs out.
Result<ObjectContents> read_object(std::span<const std::byte> object);

// Writes the canonical id of the reference's type into `text`, a copy of the object's text, at the place of the
// reference.
void resolve_type_reference(std::span<std::byte> text, const TypeReference& reference, uint32_t type_id);

}  // namespace cairn::codegen

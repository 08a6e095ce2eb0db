// Assembles the code of functions into the code object that code_object.hpp describes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "compiler/codegen/emission/code_buffer.hpp"
#include "compiler/codegen/object/code_object.hpp"
#include "compiler/codegen/object/object_identity.hpp"
#include "compiler/options/options.hpp"

namespace cairn::codegen {

// Functions are placed in the order in which they are added. The same calls give the same bytes.
class ElfWriter {
 public:
  ElfWriter(compiler::Architecture architecture, const ObjectIdentity& identity)
      : architecture_(architecture), identity_(identity) {}

  // Copies the code and its records, and returns the code's offset in .text. `function_index` is an index in the
  // module's function index space, or kTrampoline for code that is not a function. `name` is the name of the code's
  // symbol.
  uint32_t add(uint32_t function_index, std::string_view name, const CodeBuffer& code);
  void add_trampoline(const TrampolineRecord& record) { trampolines_.push_back(record); }

  // Resolves calls and references to constants, and returns the bytes of the file. All functions that are called must
  // have been added. Error (limit): the code is larger than the reach of 32-bit displacements. Must be called once
  // only.
  Result<std::vector<std::byte>> finish();

 private:
  // A relocation that finish() resolves.
  struct Pending {
    RelocationKind kind;
    uint64_t at;      // offset in .text (for code_address: in .rodata)
    uint64_t target;  // call: function index; rodata: offset in .rodata; code_address: offset in .text
    int32_t addend;
  };
  struct Symbol {
    uint32_t name;   // offset in strings_
    uint32_t begin;  // offset in .text
    uint32_t size;   // in bytes
  };
  struct TypeReference {
    uint32_t at;          // offset in .text
    uint32_t type_index;  // in the module
  };
  Result<void> resolve(uint64_t rodata_begin);
  void patch32(std::vector<std::byte>& bytes, uint64_t at, uint32_t value);
  void patch_pair(uint64_t at, int64_t value);
  uint32_t add_string(std::string_view text);

  compiler::Architecture architecture_;
  ObjectIdentity identity_;
  std::vector<std::byte> text_, rodata_;
  std::vector<Pending> pending_;
  std::vector<FunctionRecord> functions_;
  std::vector<TrapRecord> traps_;
  std::vector<CallRecord> calls_;
  std::vector<StackMapRecord> stack_maps_;
  std::vector<int32_t> stack_offsets_;
  std::vector<HandlerRecord> handlers_;
  std::vector<TrampolineRecord> trampolines_;
  std::vector<Symbol> symbols_;
  std::vector<TypeReference> type_references_;
  std::vector<uint64_t> begin_of_;  // by function index: the offset in .text, or all ones if there is no code
  std::string strings_ = std::string(1, '\0');
};

}  // namespace cairn::codegen

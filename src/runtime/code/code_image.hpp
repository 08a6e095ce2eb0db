// CodeImage is a code object placed in memory: executable text, and the tables for traps, backtraces, exceptions and
// the collector.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "base/try_vector.hpp"
#include "compiler/codegen/object/code_object.hpp"
#include "compiler/codegen/object/object_identity.hpp"

namespace cairn::runtime {

class Module;

// The identity that a code object must have, and the instruction sets that it may need.
struct WantedCode {
  codegen::ObjectIdentity identity;
  compiler::CpuFeatures available;
};

class CodeImage {
 public:
  // Copies text and constants out of an ELF code object, resolves its references to type ids with `type_ids` (canonical
  // ids by the module's type index), and makes the text executable. The object may come from a file, so it is checked.
  // Fails (malformed) if the object is damaged or not the wanted one, and (resource) for lack of memory.
  static Result<std::unique_ptr<CodeImage>> load(std::span<const std::byte> object, const WantedCode& wanted,
                                                 std::span<const uint32_t> type_ids);
  ~CodeImage();
  CodeImage(const CodeImage&) = delete;
  CodeImage& operator=(const CodeImage&) = delete;

  [[nodiscard]] uintptr_t begin() const { return reinterpret_cast<uintptr_t>(text_.data()); }
  [[nodiscard]] uintptr_t end() const { return begin() + text_.size(); }
  [[nodiscard]] size_t size() const { return text_.size(); }

  // Returns the entry address of a function that the module defines; null if there is no code for this index.
  [[nodiscard]] const std::byte* function(uint32_t function_index) const;
  [[nodiscard]] const std::byte* at(uint32_t offset) const { return text_.data() + offset; }

  // These functions look up the record for an offset in .text, and return null when there is none. Fault handlers call
  // them, so they neither allocate nor lock.
  [[nodiscard]] const codegen::FunctionRecord* find_function(uint32_t offset) const;
  [[nodiscard]] const codegen::TrapRecord* find_trap(uint32_t offset) const;
  [[nodiscard]] const codegen::CallRecord* find_call(uint32_t return_offset) const;
  // Returns the references that are live across the call with this return address: the offsets of their slots from the
  // body's stack pointer (codegen::StackMapRecord).
  [[nodiscard]] std::span<const int32_t> stack_map(uint32_t return_offset) const;
  [[nodiscard]] const codegen::HandlerRecord* find_handler(uint32_t return_offset) const;
  // Returns the record of the call whose code begins at `offset`; the caller knows that a call begins there.
  [[nodiscard]] const codegen::CallRecord* find_call_at(uint32_t offset) const;
  [[nodiscard]] std::span<const codegen::TrampolineRecord> trampolines() const { return trampolines_; }

  const Module* module = nullptr;  // null for trampolines and stubs

 private:
  CodeImage() = default;
  std::span<std::byte> mapping_;                    // the memory that the platform has allocated for text and constants
  std::span<const std::byte> text_;                 // the executable part, at the start of mapping_
  std::vector<codegen::FunctionRecord> functions_;  // sorted by `begin`
  TryVector<uint32_t> function_offsets_;  // offset in .text by index in the module; all ones for functions without code
  std::vector<codegen::TrapRecord> traps_;
  std::vector<codegen::CallRecord> calls_;
  std::vector<codegen::StackMapRecord> stack_maps_;
  std::vector<int32_t> stack_offsets_;
  std::vector<codegen::HandlerRecord> handlers_;
  std::vector<codegen::TrampolineRecord> trampolines_;
};

}  // namespace cairn::runtime

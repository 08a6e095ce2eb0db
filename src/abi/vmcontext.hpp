// VMContext is the part of an instance that compiled code accesses: one block of memory, whose address is in a pinned
// register (compiler/codegen/calling_convention.hpp).
//
// The offsets in generated code come from this header and from heap_layout.hpp. A VMContext is a fixed header, followed
// by arrays whose sizes depend on the module (VMLayout).
//
// INV-10: a memory's base never moves (its largest size is reserved when it is created), so bases are immutable and may
// be kept in registers across calls. The length of a memory changes only at calls, unless the memory is shared; then
// another thread may grow it at any time. Tables may move when they grow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "abi/heap_layout.hpp"

namespace cairn::abi {

struct VMContext;

// The object that a function reference points to. It is immutable once made and lives as long as its store.
struct VMFuncRef {
  const void* code = nullptr;    // entry in the guest's calling convention; the VMContext register must hold `context`
  VMContext* context = nullptr;  // context of the defining instance, or the VMHostContext of a host function
  uint32_t type_id = 0;          // canonical id in the engine
  uint32_t function_index = 0;   // index in the defining module
  const void* reserved = nullptr;  // unused
};
static_assert(sizeof(VMFuncRef) == 32);

// An imported function in the context of the importing instance.
struct VMFunctionImport {
  const void* code = nullptr;      // as in VMFuncRef
  VMContext* context = nullptr;    // as in VMFuncRef
  VMFuncRef* reference = nullptr;  // the original function's reference, for ref.func and tables
  uint64_t reserved = 0;           // unused
};
static_assert(sizeof(VMFunctionImport) == 32);

struct VMMemory {
  std::byte* base = nullptr;
  uint64_t length = 0;  // current length in bytes
};

struct VMTable {
  uint64_t* elements = nullptr;  // one word for each element: a VMFuncRef*, or a heap reference; 0 is null
  uint64_t length = 0;           // current number of elements
  // For tables of heap references: an array with a PieceState for each piece of kTablePiece elements. Code that writes
  // an element first sets the state of its piece to `changed`. For other tables, the pointer is null.
  uint8_t* changed = nullptr;
};
enum class PieceState : uint8_t {
  untouched,  // no element has been written: all are null, and their pages may not have memory yet
  changed,    // an element may have been written since the collector last looked at the piece
  seen,       // no element has been written since the collector last looked at the piece
};
inline constexpr uint32_t kTablePieceLog2 = 10;
inline constexpr uint32_t kTablePiece = 1 << kTablePieceLog2;

// A global's value: 16 bytes, aligned to 16. A smaller value is in the low bytes, and the other bytes are unspecified.
struct alignas(16) VMGlobal {
  std::array<std::byte, 16> bytes{};
};

// A tag. Its address is its identity, which exceptions hold. It lives as long as its store.
struct VMTag {
  uint32_t type_id = 0;  // canonical id of the function type whose parameters are the payload
  uint32_t index = 0;    // index of the tag in its store
};

// The largest number of callee-saved registers of a target, without the pinned ones: s0-s9 and fs0-fs11 on RV64.
inline constexpr uint32_t kMaximumCalleeSaved = 22;

// The state of a store that guest code and its trampolines use.
struct VMStoreState {
  const std::byte* stack_limit = nullptr;  // guest code calls C++ only if its stack pointer is at least this
  // The host's stack pointer in the frame of the innermost entry from the host. A trap unwinds to this frame. The C++
  // functions that guest code calls run on the host's stack below this frame (host_stack.hpp).
  const std::byte* entry_frame = nullptr;
  // The place from which guest code last called C++. exit_frame is the address just above the call's stack
  // arguments. exit_pc is the return address. Trampolines of host functions set these fields, and so do the stubs of
  // builtins, except those of kind `host`. (A stub of kind `plain` sets them only before it traps.) Backtraces,
  // unwinding and the collector begin there.
  const std::byte* exit_frame = nullptr;
  const void* exit_pc = nullptr;
  // An array in which builtins of the kinds `unwind` and `host` find the callee-saved registers of their caller, in the
  // order of the bits of FunctionRecord::saved_registers.
  uint64_t* registers = nullptr;
  VMAllocation allocation;     // inline allocation in the store's heap; top and limit are 0 while there is no heap
  uint32_t arguments[4] = {};  // arguments of builtins whose kind is `keep`
};

// The fixed part of a context. Compiled code reads its fields by offsetof.
struct VMContext {
  std::byte* memory0_base = nullptr;  // loaded into the pinned base register on entry
  uint64_t memory0_reserved = 0;      // unused
  VMStoreState* store = nullptr;
  const void* const* builtins = nullptr;    // addresses of stubs, then of builtins (builtins.hpp)
  void* instance = nullptr;                 // the InstanceObject, which only the runtime uses
  const void* tail_call_restore = nullptr;  // address of the restore stub (compiler/codegen/calling_convention.hpp)
  uint64_t magic = 0;                       // kVMContextMagic or kVMHostContextMagic
  std::byte* heap_base = nullptr;  // base of the store's managed heap; null if there was none when the context was made
  const VMTypeInfo* const* types = nullptr;  // descriptions by canonical type id; the same for the whole engine
  uint64_t reserved = 0;                     // unused
};
inline constexpr uint64_t kVMContextMagic = 0x7478'6574'6e6f'4356;      // "VContext"
inline constexpr uint64_t kVMHostContextMagic = 0x7478'6574'736f'4856;  // "VHostext"
static_assert(sizeof(VMContext) == 80);

// The context of a host function; the VMContext register holds it in the function's trampoline. It begins with the same
// header as an instance's context, so that a call of an import may load memory0_base without knowing whether it calls a
// guest or a host function.
struct VMHostContext {
  VMContext header;
  // Runs the host function: `values` holds arguments on entry and results on exit, 16 bytes each, at least
  // max(arguments, results) of them. Returns 0, or 1 + TrapKind to trap in the guest.
  uint32_t (*invoke)(VMHostContext* self, VMContext* caller, std::byte* values) = nullptr;
  void* data = nullptr;  // the object on which `invoke` works
};
static_assert(offsetof(VMHostContext, invoke) == 80);

// The counts that determine a VMContext's layout. They follow from the module alone, so that the compiler can compute
// them.
struct VMShape {
  uint32_t imported_functions = 0;
  uint32_t imported_tables = 0;
  uint32_t imported_memories = 0;
  uint32_t imported_globals = 0;
  uint32_t tags = 0;  // imported and defined
  uint32_t defined_tables = 0;
  uint32_t defined_memories = 0;
  uint32_t defined_globals = 0;
  uint32_t escaped_functions = 0;  // defined functions that need a VMFuncRef
};

// Computes the offsets of a context's parts, in bytes from the VMContext's address.
class VMLayout {
 public:
  constexpr explicit VMLayout(const VMShape& shape) : shape_(shape) {
    uint64_t at = sizeof(VMContext);
    function_imports_ = at, at += uint64_t{shape.imported_functions} * sizeof(VMFunctionImport);
    // Each memory takes 16 bytes: its base, then a pointer to its VMMemory (its own, or the exporter's).
    memory_refs_ = at, at += (uint64_t{shape.imported_memories} + shape.defined_memories) * 16;
    memories_ = at, at += uint64_t{shape.defined_memories} * sizeof(VMMemory);
    table_imports_ = at, at += uint64_t{shape.imported_tables} * 8;  // VMTable*
    at = (at + 15) & ~uint64_t{15};
    tables_ = at, at += uint64_t{shape.defined_tables} * sizeof(VMTable);
    global_imports_ = at, at += uint64_t{shape.imported_globals} * 8;  // VMGlobal*
    at = (at + 15) & ~uint64_t{15};
    globals_ = at, at += uint64_t{shape.defined_globals} * sizeof(VMGlobal);
    func_refs_ = at, at += uint64_t{shape.escaped_functions} * sizeof(VMFuncRef);
    tags_ = at, at += uint64_t{shape.tags} * 8;  // VMTag*
    size_ = at;
  }

  [[nodiscard]] constexpr uint64_t function_import(uint32_t i) const { return function_imports_ + uint64_t{i} * 32; }
  // `i` is an index in the module's memory or tag index space:
  [[nodiscard]] constexpr uint64_t memory_base(uint32_t i) const { return memory_refs_ + uint64_t{i} * 16; }
  [[nodiscard]] constexpr uint64_t memory_pointer(uint32_t i) const { return memory_refs_ + uint64_t{i} * 16 + 8; }
  [[nodiscard]] constexpr uint64_t tag(uint32_t i) const { return tags_ + uint64_t{i} * 8; }
  // `i` is an index among the imported objects of the kind, or among the defined ones:
  [[nodiscard]] constexpr uint64_t defined_memory(uint32_t i) const { return memories_ + uint64_t{i} * 16; }
  [[nodiscard]] constexpr uint64_t table_import(uint32_t i) const { return table_imports_ + uint64_t{i} * 8; }
  [[nodiscard]] constexpr uint64_t defined_table(uint32_t i) const { return tables_ + uint64_t{i} * sizeof(VMTable); }
  [[nodiscard]] constexpr uint64_t global_import(uint32_t i) const { return global_imports_ + uint64_t{i} * 8; }
  [[nodiscard]] constexpr uint64_t defined_global(uint32_t i) const { return globals_ + uint64_t{i} * 16; }
  // `i` is a position among the escaped functions, which are in ascending order of their function indices:
  [[nodiscard]] constexpr uint64_t func_ref(uint32_t i) const { return func_refs_ + uint64_t{i} * 32; }
  [[nodiscard]] constexpr uint64_t size() const { return size_; }
  [[nodiscard]] constexpr const VMShape& shape() const { return shape_; }

 private:
  VMShape shape_;
  uint64_t function_imports_, memory_refs_, memories_, table_imports_, tables_, global_imports_, globals_, func_refs_,
      tags_, size_;
};

// A guarded 32-bit memory's 4 GiB are followed by address space without access: kGuardBytes, and 64 KiB more for the
// size of an access. An access needs no check if its static offset is below kGuardBytes and its size is at most 16
// bytes.
inline constexpr uint64_t kGuardBytes = uint64_t{1} << 31;
inline constexpr uint64_t kGuardedReservation = (uint64_t{1} << 32) + kGuardBytes + 65536;

}  // namespace cairn::abi

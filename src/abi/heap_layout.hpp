// Managed objects as compiled code and the collector see them: structs, arrays, exceptions, and host values that are
// externrefs.
//
// A reference (ir::Type::gcref) is 32 bits wide: 0 is null; with bit 0 set it is an i31 whose value is in bits 31..1;
// otherwise it is the object's offset in bytes from the heap's base, a multiple of 8. References of the any, extern and
// exn hierarchies are all of this kind, so any.convert_extern and extern.convert_any need no code. A host value that is
// an externref is an object of kind `host`. In the hierarchy of any, only a cast to `any` accepts it. Function
// references are 64-bit pointers to VMFuncRef, outside of the heap.
//
// The base never moves; objects do, at safepoints (INV-14): calls, and instructions that may allocate. The lowest
// kNullGuardBytes of the heap are never accessible, so an access through null with a small displacement faults and
// becomes a trap.
//
// Every object starts with VMObject. Fields follow in the order of their type, each at the next multiple of its size
// (v128: 8), and those of a subtype after those of its supertype; the object's size is rounded up to 8. Storage: i8
// and i16 take 1 and 2 bytes, references of the heap 4, function references 8 (field_layout.hpp computes it).
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::abi {

using HeapReference = uint32_t;
inline constexpr HeapReference kNullReference = 0;
inline constexpr uint64_t kNullGuardBytes = 64 * 1024;

enum class ObjectKind : uint8_t { structure, array, exception, host, filler };

// The first 8 bytes of every object. In a new object they are two 32-bit words: the type id, and kind << 8, since all
// flags are clear. Compiled code writes them so.
struct VMObject {
  uint32_t type_id = 0;  // canonical; for an exception that of its tag's function type; 0 for host values
  uint8_t flags = 0;     // flags of the collector; compiled code reads kBarrierFlag
  ObjectKind kind = ObjectKind::structure;
  uint16_t reserved = 0;
};
static_assert(sizeof(VMObject) == 8);

// The flag is set in objects for which stores of references must be reported: old objects that are not in the
// remembered set. The write barrier follows the store of a reference into an object, with no safepoint between: if this
// flag is set, it calls the builtin gc_remember with the object and the offset that was stored to. The builtin reads
// the reference there. Every instruction that stores a reference is followed by a barrier of its own. No barrier is
// needed if the stored value is null or an i31. None is needed if inline allocation or the builtin gc_allocate made the
// object and there was no safepoint since. Arrays made by gc_allocate_array always need it. The flag may stay set after
// the call.
inline constexpr uint8_t kBarrierFlag = 1;

// Objects up to this size may be allocated inline; larger ones always by a builtin.
inline constexpr uint32_t kMaximumInlineBytes = 8192;

struct VMArray {
  VMObject header;
  uint32_t length = 0;  // elements
};
// Where an array's elements begin: 8-byte and 16-byte elements are aligned to 8.
constexpr uint32_t array_data_offset(uint32_t element_size) { return element_size >= 8 ? 16 : 12; }

// An exception: the payload follows as the fields of a struct would after this header, from offset 16.
struct VMException {
  VMObject header;
  uint64_t tag = 0;  // address of the tag's VMTag: two tags are the same exactly if these are equal
};
inline constexpr uint32_t kExceptionPayloadOffset = 16;

// The object of a host value.
struct VMHostValue {
  VMObject header;
  uint64_t value = 0;
};

// The description of a canonical type for compiled code and the collector, at VMContext::types[type_id]; immutable. The
// test for a type T at depth d is `ancestors[d] == T` in the object's VMTypeInfo, preceded by `depth >= d` if d is
// kMinimumDisplay or more. Unused entries of `ancestors` are kNoType.
inline constexpr uint32_t kMinimumDisplay = 8;
inline constexpr uint32_t kNoType = 0xffff'ffff;
struct VMTypeInfo {
  uint32_t depth = 0;  // number of supertypes above
  uint32_t size = 0;   // struct, exception: bytes of an object; array: bytes of an element
  // Of a struct or exception: how many fields are references of the heap; of an array: 1 if its elements are.
  uint32_t reference_count = 0;
  // For a function type: `exception`, because an exception object has the type id of its tag's function type.
  ObjectKind kind = ObjectKind::structure;
  const uint32_t* references = nullptr;  // byte offsets in the object of the fields that are references of the heap
  // max(depth + 1, kMinimumDisplay) type ids: the root of the hierarchy first, the type itself at `depth`.
  uint32_t ancestors[kMinimumDisplay] = {};  // NOLINT: continues after the struct

  [[nodiscard]] const uint32_t* display() const { return ancestors; }
};
static_assert(sizeof(VMTypeInfo) == 24 + 4 * kMinimumDisplay);

// The state of inline allocation, in VMStoreState: the new object is at `top`. If top + size > limit, the builtin
// gc_allocate must allocate it. Both are offsets from the heap's base. The memory there is not cleared.
struct VMAllocation {
  uint64_t top = 0;
  uint64_t limit = 0;
};

}  // namespace cairn::abi

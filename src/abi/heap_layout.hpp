// Managed objects as compiled code and the collector see them: structs, arrays, exceptions, and host values behind
// externref.
//
// A reference (ir::Type::gcref) is 32 bits wide: 0 is null; with bit 0 set it is an i31 whose value is in bits 31..1;
// otherwise it is the object's offset in bytes from the heap's base, a multiple of 8. References of the any, extern and
// exn hierarchies are all of this kind, so any.convert_extern and extern.convert_any are no operation: a host value
// that is an externref is an object of kind `host`, which no cast of the any hierarchy but the one to `any` accepts.
// Function references stay what they are, 64-bit pointers to VMFuncRef outside of the heap.
//
// The base never moves; objects do, at safepoints: calls, and instructions that may allocate. The lowest
// kNullGuardBytes of the heap are never accessible, so an access through null with a small displacement faults and
// becomes a trap.
//
// Every object starts with VMObject. Fields follow in the order of their type, each at the next multiple of its size
// (v128: 8), subtypes adding theirs behind those of the supertype; the object's size is rounded up to 8. Storage: i8
// and i16 take 1 and 2 bytes, references of the heap 4, function references 8 (field_layout.hpp computes it).
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::abi {

using HeapReference = uint32_t;
inline constexpr HeapReference kNullReference = 0;
inline constexpr uint64_t kNullGuardBytes = 64 * 1024;

enum class ObjectKind : uint8_t { structure, array, exception, host, filler };

// The first 8 bytes of every object. A store of { type_id, the constant kind << 8 } makes a fresh one.
struct VMObject {
  uint32_t type_id = 0;  // canonical; of an exception that of its tag's function type; 0 for host values
  uint8_t flags = 0;     // of the collector; kBarrierFlag is compiled code's business too
  ObjectKind kind = ObjectKind::structure;
  uint16_t reserved = 0;
};
static_assert(sizeof(VMObject) == 8);

// Set in objects whose stores of references must be reported: old ones that are not in the remembered set. The
// write barrier: after storing a reference into an object, with no safepoint between, if this flag is
// set, call the builtin gc_remember with the object and the offset of what was stored to, which looks at the reference
// there. Each store has its own barrier. Not needed where the stored
// value is null or an i31, nor into an object that inline allocation or the builtin gc_allocate made with no safepoint
// since; always needed in arrays that gc_allocate_array made. The flag may stay set.
inline constexpr uint8_t kBarrierFlag = 1;

// Objects up to this size may be allocated inline; larger ones always by a builtin.
inline constexpr uint32_t kMaximumInlineBytes = 8192;

struct VMArray {
  VMObject header;
  uint32_t length = 0;  // elements
};
// Where an array's elements begin: 8-byte and 16-byte elements are aligned to 8.
constexpr uint32_t array_data_offset(uint32_t element_size) { return element_size >= 8 ? 16 : 12; }

// An exception: the payload follows as the fields of a struct would behind this header, from offset 16.
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

// What a canonical type is to compiled code and to the collector; at VMContext::types[type_id], immutable.
// A test for type T at depth d: `ancestors[d] == T` in the object's VMTypeInfo, and before that, if d is
// kMinimumDisplay or more, `depth >= d`. Unused entries of `ancestors` are kNoType.
inline constexpr uint32_t kMinimumDisplay = 8;
inline constexpr uint32_t kNoType = 0xffff'ffff;
struct VMTypeInfo {
  uint32_t depth = 0;  // number of supertypes above
  uint32_t size = 0;   // struct, exception: bytes of an object; array: bytes of an element
  uint32_t reference_count =
      0;  // struct, exception: how many fields are references of the heap; array: 1 if the elements are
  ObjectKind kind = ObjectKind::structure;  // functions: exception, for tags of that type
  const uint32_t* references = nullptr;     // byte offsets in the object of the fields that are references of the heap
  // max(depth + 1, kMinimumDisplay) type ids: the root first, itself at `depth`.
  uint32_t ancestors[kMinimumDisplay] = {};  // NOLINT: continues behind the struct

  [[nodiscard]] const uint32_t* display() const { return ancestors; }
};
static_assert(sizeof(VMTypeInfo) == 24 + 4 * kMinimumDisplay);

// Inline allocation: the new object is at `top`; if top + size > limit, the builtin gc_allocate has to do it. Offsets
// from the heap's base. What is there is not cleared. In VMStoreState.
struct VMAllocation {
  uint64_t top = 0;
  uint64_t limit = 0;
};

}  // namespace cairn::abi

// The layout of managed objects, on which compiled code and the collector agree: structs, arrays, exceptions, and host
// values that are externrefs.
//
// A reference (ir::Type::gcref) is 32 bits wide: 0 is null; with bit 0 set it is an i31 whose value is in bits 31..1;
// otherwise it is the object's offset in bytes from the heap's base, a multiple of 8. References of the any, extern and
// exn hierarchies all have this form, so any.convert_extern and extern.convert_any need no code. A host value that is
// an externref is an object of kind `host`. After any.convert_extern, only a cast to `any` accepts a host value.
// Function references are 64-bit pointers to VMFuncRef, outside of the heap.
//
// The base never moves; objects do, at safepoints (INV-14): calls, and instructions that may allocate. The lowest
// kNullGuardBytes of the heap are never accessible, so an access through null with a small displacement faults and
// becomes a trap.
//
// Every object starts with VMObject. Fields follow in the order in which the type declares them, each at the next
// multiple of its size (v128: 8). The fields of a supertype come first. The object's size is rounded up to 8. A field
// of type i8 takes 1 byte, i16 takes 2, a heap reference 4, and a function reference 8 (field_layout.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::abi {

using HeapReference = uint32_t;
inline constexpr HeapReference kNullReference = 0;
inline constexpr uint64_t kNullGuardBytes = 64 * 1024;

// What an object is. `host` is an object that holds a host value. `filler` is unused.
enum class ObjectKind : uint8_t { structure, array, exception, host, filler };

// The first 8 bytes of every object. In a new object they are two 32-bit words: the type id, and kind << 8, since all
// flags are clear. Compiled code writes the header in this form.
struct VMObject {
  // The canonical id of the type (runtime/type_registry.hpp): for an exception the id of its tag's function type, for a
  // host value 0.
  uint32_t type_id = 0;
  uint8_t flags = 0;  // flags of the collector; compiled code reads only kBarrierFlag
  ObjectKind kind = ObjectKind::structure;
  uint16_t reserved = 0;
};
static_assert(sizeof(VMObject) == 8);

// A flag of VMObject. It is set in objects for which stores of references must be reported: old objects that are not in
// the remembered set (runtime/heap/remembered_set.hpp). A write barrier follows every store of a reference into an
// object, with no safepoint between. If the flag is set, the barrier calls the builtin gc_barrier with the object and
// the place that was stored to, and the builtin reads the reference there. No barrier is needed if the stored value is
// null or an i31, or if the IR instruction gc_new or the builtin gc_allocate made the object and there was no safepoint
// since. Stores into arrays made by gc_allocate_array always need a barrier. The flag may stay set after gc_barrier.
inline constexpr uint8_t kBarrierFlag = 1;

// The largest size in bytes of an object that inline code may allocate. A builtin allocates larger objects.
inline constexpr uint32_t kMaximumInlineBytes = 8192;

struct VMArray {
  VMObject header;
  uint32_t length = 0;  // number of elements
};
// The offset at which an array's elements begin. Elements of 8 and 16 bytes are aligned to 8.
constexpr uint32_t array_data_offset(uint32_t element_size) { return element_size >= 8 ? 16 : 12; }

// The header of an exception. The payload follows from offset 16 on, with fields placed as in a struct.
struct VMException {
  VMObject header;
  uint64_t tag = 0;  // address of the tag's VMTag; equal addresses mean the same tag
};
inline constexpr uint32_t kExceptionPayloadOffset = 16;

// An object that holds a host value, which is an externref.
struct VMHostValue {
  VMObject header;
  uint64_t value = 0;  // the number that the host chose for the value (runtime/value.hpp)
};

// The least number of entries of VMTypeInfo::ancestors, which is also called the type's display. Entries that a type
// does not use are kNoType.
inline constexpr uint32_t kMinimumDisplay = 8;
inline constexpr uint32_t kNoType = 0xffff'ffff;
// The description of a canonical type for compiled code and the collector. It is immutable and lies at
// VMContext::types[type_id]. The test for a type T at depth d is `ancestors[d] == T` in the object's VMTypeInfo,
// preceded by `depth >= d` if d is kMinimumDisplay or more.
struct VMTypeInfo {
  uint32_t depth = 0;  // number of the type's supertypes, direct and indirect
  uint32_t size = 0;   // struct, exception: bytes of an object; array: bytes of an element
  // struct, exception: number of fields that are heap references; array: 1 if its elements are heap references, else 0.
  uint32_t reference_count = 0;
  // The kind of the type's objects. A function type has kind `exception`, because an exception object has the type id
  // of its tag's function type.
  ObjectKind kind = ObjectKind::structure;
  const uint32_t* references = nullptr;  // struct, exception: byte offsets of the fields that are heap references
  // An array of max(depth + 1, kMinimumDisplay) type ids: the root of the hierarchy comes first, and the type itself is
  // at index `depth`.
  uint32_t ancestors[kMinimumDisplay] = {};  // NOLINT: the array continues after the struct

  [[nodiscard]] const uint32_t* display() const { return ancestors; }
};
static_assert(sizeof(VMTypeInfo) == 24 + 4 * kMinimumDisplay);

// The state of inline allocation, a part of VMStoreState. A new object is placed at `top`. If top + size > limit,
// inline code calls the builtin gc_new instead. `top` and `limit` are offsets from the heap's base. The memory between
// them is not cleared.
struct VMAllocation {
  uint64_t top = 0;
  uint64_t limit = 0;
};

}  // namespace cairn::abi

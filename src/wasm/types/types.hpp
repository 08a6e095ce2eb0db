// WebAssembly's types ([wasm 2.3]): value types, reference types, and the types that a type section defines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"

namespace cairn::wasm {

using TypeIndex = Id<struct TypeIndexTag>;
using FuncIndex = Id<struct FuncIndexTag>;
using TableIndex = Id<struct TableIndexTag>;
using MemoryIndex = Id<struct MemoryIndexTag>;
using GlobalIndex = Id<struct GlobalIndexTag>;
using TagIndex = Id<struct TagIndexTag>;
using ElemIndex = Id<struct ElemIndexTag>;
using DataIndex = Id<struct DataIndexTag>;
using LocalIndex = Id<struct LocalIndexTag>;

// A heap type ([wasm 2.3.4]) is an abstract one or an index into the module's types. It has four bytes.
class HeapType {
 public:
  enum Kind : uint8_t { func, extern_, any, eq, i31, struct_, array, exn, none, nofunc, noextern, noexn, concrete };

  constexpr HeapType(Kind kind) : bits_(kAbstract | kind) {}  // NOLINT: an abstract heap type is its kind
  // Indices above kMaxIndex, which no module can have, become kMaxIndex.
  static constexpr HeapType of(TypeIndex index) {
    return from_bits(index.index() < kMaxIndex ? index.index() : kMaxIndex);
  }
  static constexpr uint32_t kMaxIndex = (1U << 29) - 1;

  [[nodiscard]] constexpr Kind kind() const { return is_concrete() ? concrete : static_cast<Kind>(bits_ & 0xff); }
  [[nodiscard]] constexpr bool is_concrete() const { return (bits_ & kAbstract) == 0; }
  [[nodiscard]] constexpr TypeIndex index() const { return TypeIndex(bits_); }
  constexpr bool operator==(const HeapType&) const = default;

 private:
  friend class ValType;
  static constexpr uint32_t kAbstract = 1U << 29;
  static constexpr HeapType from_bits(uint32_t bits) {
    HeapType type(func);
    type.bits_ = bits;
    return type;
  }
  uint32_t bits_;  // 30 bits: kAbstract | kind, or the index
};

enum class Nullability : uint8_t { non_null, nullable };

// A value type ([wasm 2.3.6]). It has four bytes. `bottom` is the type that validation gives to a value in unreachable
// code ([wasm 3.1.1]).
class ValType {
 public:
  enum Kind : uint8_t { i32, i64, f32, f64, v128, ref, bottom };

  constexpr ValType(Kind kind) : bits_(kind) {}  // NOLINT: a number type is its kind
  static constexpr ValType reference(Nullability nullability, HeapType heap) {
    return from_bits(kRef | (nullability == Nullability::nullable ? kNullable : 0) | heap.bits_);
  }
  static constexpr ValType funcref() { return reference(Nullability::nullable, HeapType::func); }
  static constexpr ValType externref() { return reference(Nullability::nullable, HeapType::extern_); }
  static constexpr ValType exnref() { return reference(Nullability::nullable, HeapType::exn); }
  // The type that validation gives to a non-null reference of unknown heap type in unreachable code. It matches every
  // reference type.
  static constexpr ValType bottom_ref() { return from_bits(kRef | kHeapMask); }

  [[nodiscard]] constexpr Kind kind() const { return is_ref() ? ref : static_cast<Kind>(bits_); }
  [[nodiscard]] constexpr bool is_ref() const { return (bits_ & kRef) != 0; }
  [[nodiscard]] constexpr bool is_number() const { return bits_ <= f64; }
  [[nodiscard]] constexpr bool is_bottom_ref() const { return *this == bottom_ref(); }
  [[nodiscard]] constexpr bool is_nullable() const { return (bits_ & kNullable) != 0; }
  [[nodiscard]] constexpr Nullability nullability() const {
    return is_nullable() ? Nullability::nullable : Nullability::non_null;
  }
  // The heap type of a reference type.
  [[nodiscard]] constexpr HeapType heap() const { return HeapType::from_bits(bits_ & kHeapMask); }
  // Every type except a non-nullable reference type has a default value ([wasm 4.2.1]).
  [[nodiscard]] constexpr bool is_defaultable() const { return (bits_ & (kRef | kNullable)) != kRef; }
  constexpr bool operator==(const ValType&) const = default;

 private:
  static constexpr uint32_t kRef = 1U << 31;
  static constexpr uint32_t kNullable = 1U << 30;
  static constexpr uint32_t kHeapMask = kNullable - 1;
  static constexpr ValType from_bits(uint32_t bits) {
    ValType type(i32);
    type.bits_ = bits;
    return type;
  }
  uint32_t bits_;  // the kind, or kRef | kNullable | heap type
};
static_assert(sizeof(ValType) == 4 && sizeof(HeapType) == 4);

// These functions return the type as the text format writes it: "i32", "funcref", "(ref null 3)".
std::string to_string(ValType type);
std::string to_string(HeapType type);

enum class Mutability : uint8_t { immutable, mutable_ };

struct FuncType {
  std::vector<ValType> params;
  std::vector<ValType> results;
  bool operator==(const FuncType&) const = default;
};

// The type of a field of a struct or of an array's elements ([wasm 2.3.9]). Packed fields hold i8 or i16.
struct FieldType {
  enum class Packing : uint8_t { none, i8, i16 };
  ValType type = ValType::i32;  // i32 for packed fields
  Packing packing = Packing::none;
  Mutability mutability = Mutability::immutable;
  bool operator==(const FieldType&) const = default;
};

// A defined type: one member of a recursive group ([wasm 2.3.10]).
struct SubType {
  enum class Kind : uint8_t { func, struct_, array };
  Kind kind = Kind::func;
  bool is_final = true;
  std::optional<TypeIndex> supertype;  // WebAssembly 3.0 allows at most one
  FuncType func;                       // the function type, if `kind` is func
  std::vector<FieldType> fields;       // the fields of a struct, or one entry for the elements of an array
  // The recursive group that the type belongs to, as a half-open range of type indices.
  uint32_t group_begin = 0;
  uint32_t group_end = 0;
  // The number that a TypeCanonicalizer gives to the type (type_equivalence.hpp). Two types of a module have the same
  // number exactly if they are the same type ([wasm 3.1.3]).
  uint32_t canonical = 0;
  // The number of supertypes above this type, at most limits::kSubtypingDepth.
  uint32_t depth = 0;
};

std::string to_string(const FuncType& type);  // "[i32 i64] -> [f32]"

enum class AddressType : uint8_t { i32, i64 };
enum class Sharedness : uint8_t { unshared, shared };

struct Limits {
  uint64_t minimum = 0;
  std::optional<uint64_t> maximum;
  bool operator==(const Limits&) const = default;
};

struct MemoryType {
  AddressType address = AddressType::i32;
  Sharedness sharedness = Sharedness::unshared;
  uint8_t page_size_log2 = 16;  // 0 or 16 (custom page sizes)
  Limits limits;                // minimum and maximum number of pages
  bool operator==(const MemoryType&) const = default;
};

struct TableType {
  AddressType address = AddressType::i32;
  ValType element = ValType::funcref();
  Limits limits;  // minimum and maximum number of elements
  bool operator==(const TableType&) const = default;
};

struct GlobalType {
  ValType type = ValType::i32;
  Mutability mutability = Mutability::immutable;
  bool operator==(const GlobalType&) const = default;
};

struct TagType {
  TypeIndex type;
  bool operator==(const TagType&) const = default;
};

enum class ExternKind : uint8_t { func, table, memory, global, tag };  // in the order of [wasm 5.3.14]
const char* to_string(ExternKind kind);                                // "function", "table", "memory", ...

}  // namespace cairn::wasm

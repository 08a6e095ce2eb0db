// WebAssembly's types ([wasm 2.3]): value types, reference types, and what a type section defines.
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

// A heap type ([wasm 2.3.4]): an abstract one, or an index into the module's types.
class HeapType {
 public:
  enum Kind : uint8_t { func, extern_, any, eq, i31, struct_, array, exn, none, nofunc, noextern, noexn, concrete };

  constexpr HeapType(Kind kind) : kind_(kind) {}  // NOLINT: an abstract heap type is its kind
  static constexpr HeapType of(TypeIndex index) { return HeapType(concrete, index.index()); }

  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  [[nodiscard]] constexpr bool is_concrete() const { return kind_ == concrete; }
  [[nodiscard]] constexpr TypeIndex index() const { return TypeIndex(index_); }
  constexpr bool operator==(const HeapType&) const = default;

 private:
  constexpr HeapType(Kind kind, uint32_t index) : kind_(kind), index_(index) {}
  Kind kind_;
  uint32_t index_ = 0;
};

enum class Nullability : uint8_t { non_null, nullable };

// A value type ([wasm 2.3.6]). `bottom` is validation's type of a value in unreachable code ([wasm 3.1.2]).
class ValType {
 public:
  enum Kind : uint8_t { i32, i64, f32, f64, v128, ref, bottom };

  constexpr ValType(Kind kind) : kind_(kind) {}  // NOLINT: a number type is its kind
  static constexpr ValType reference(Nullability nullability, HeapType heap) { return ValType(nullability, heap); }
  static constexpr ValType funcref() { return reference(Nullability::nullable, HeapType::func); }
  static constexpr ValType externref() { return reference(Nullability::nullable, HeapType::extern_); }
  static constexpr ValType exnref() { return reference(Nullability::nullable, HeapType::exn); }

  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  [[nodiscard]] constexpr bool is_ref() const { return kind_ == ref; }
  [[nodiscard]] constexpr bool is_number() const { return kind_ <= f64; }
  [[nodiscard]] constexpr bool is_nullable() const { return nullability_ == Nullability::nullable; }
  [[nodiscard]] constexpr Nullability nullability() const { return nullability_; }
  [[nodiscard]] constexpr HeapType heap() const { return heap_; }
  // Every type but a non-nullable reference has a default value ([wasm 3.2.13]).
  [[nodiscard]] constexpr bool is_defaultable() const { return kind_ != ref || is_nullable(); }
  constexpr bool operator==(const ValType&) const = default;

 private:
  constexpr ValType(Nullability nullability, HeapType heap) : kind_(ref), nullability_(nullability), heap_(heap) {}
  Kind kind_;
  Nullability nullability_ = Nullability::nullable;
  HeapType heap_ = HeapType::func;
};

// "i32", "funcref", "(ref null 3)": as the text format writes it.
std::string to_string(ValType type);
std::string to_string(HeapType type);

enum class Mutability : uint8_t { immutable, mutable_ };

struct FuncType {
  std::vector<ValType> params;
  std::vector<ValType> results;
  bool operator==(const FuncType&) const = default;
};

// Storage of a struct's or array's field ([wasm 2.3.9]); packed fields hold i8 or i16.
struct FieldType {
  enum class Packing : uint8_t { none, i8, i16 };
  ValType type = ValType::i32;  // i32 when packed
  Packing packing = Packing::none;
  Mutability mutability = Mutability::immutable;
  bool operator==(const FieldType&) const = default;
};

// A defined type: one member of a recursive group ([wasm 2.3.11]).
struct SubType {
  enum class Kind : uint8_t { func, struct_, array };
  Kind kind = Kind::func;
  bool is_final = true;
  std::optional<TypeIndex> supertype;  // 3.0 allows at most one
  FuncType func;                       // kind func
  std::vector<FieldType> fields;       // kind struct_; one element for array
  // The half-open range of type indices of the recursive group that the type belongs to.
  uint32_t group_begin = 0;
  uint32_t group_end = 0;
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
  Limits limits;                // in pages
  bool operator==(const MemoryType&) const = default;
};

struct TableType {
  AddressType address = AddressType::i32;
  ValType element = ValType::funcref();
  Limits limits;  // in elements
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

enum class ExternKind : uint8_t { func, table, memory, global, tag };  // [wasm 5.5.5]
const char* to_string(ExternKind kind);                                // "function", "table", "memory", ...

}  // namespace cairn::wasm

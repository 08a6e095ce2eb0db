// A decoded module ([wasm 2.5]). Everything in it has been validated except the function bodies. They stay bytes, and
// are validated and compiled function by function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/blake2b.hpp"
#include "base/result.hpp"
#include "wasm/types/features.hpp"
#include "wasm/types/types.hpp"

namespace cairn::wasm {

// A constant expression ([wasm 3.4.13]) as a postfix program. It is validated, so its evaluation cannot underflow the
// stack.
struct ConstOp {
  enum class Kind : uint8_t {
    value,       // a number in `bits`, or a vector: `bits` is the low half, `high_bits` the high half
    ref_null,    // null of the heap type type.heap()
    ref_func,    // a reference to the function `index`
    global_get,  // the value of the global `index`
    i32_add,
    i32_sub,
    i32_mul,
    i64_add,
    i64_sub,
    i64_mul,
    // The GC proposal's instructions. `index` is the type index, and for array_new_fixed `bits` is the number of
    // elements.
    struct_new,
    struct_new_default,
    array_new,
    array_new_default,
    array_new_fixed,
    ref_i31,
    any_convert_extern,
    extern_convert_any,
  };
  Kind kind = Kind::value;
  ValType type = ValType::i32;  // the type of the result
  uint32_t index = 0;
  uint64_t bits = 0;
  uint64_t high_bits = 0;
};
using ConstExpr = std::vector<ConstOp>;

struct Import {
  std::string module;
  std::string name;
  ExternKind kind = ExternKind::func;
  uint32_t index = 0;  // index in the index space of its kind
};

struct Export {
  std::string name;
  ExternKind kind = ExternKind::func;
  uint32_t index = 0;  // index in the index space of its kind
};

// A function. Imported functions come first, as in the index space.
struct Function {
  TypeIndex type;
  bool is_imported = false;
  // Whether an export, an element segment or a constant expression names the function. Only then may ref.func in a body
  // name it, so only then can a reference to it exist.
  bool is_escaped = false;
  uint64_t body_offset = 0;         // offset of the body's first byte (the local declarations) in the module
  std::span<const std::byte> body;  // local declarations and instructions; points into the module's bytes
};

struct Table {
  TableType type;
  bool is_imported = false;
  std::optional<ConstExpr> initializer;  // the value of all elements; they are null if there is none
};

struct Memory {
  MemoryType type;
  bool is_imported = false;
};

struct Global {
  GlobalType type;
  bool is_imported = false;
  ConstExpr initializer;  // empty if the global is imported
};

struct Tag {
  TagType type;
  bool is_imported = false;
};

enum class SegmentMode : uint8_t { active, passive, declarative };

struct ElemSegment {
  SegmentMode mode = SegmentMode::passive;
  TableIndex table;                   // for active segments only
  ConstExpr offset;                   // for active segments only
  ValType type = ValType::funcref();  // type of the elements
  // The elements are function indices in the short form, and otherwise one expression each. At least one of the two
  // vectors is empty.
  std::vector<FuncIndex> functions;
  std::vector<ConstExpr> expressions;
  [[nodiscard]] size_t size() const { return functions.empty() ? expressions.size() : functions.size(); }
};

struct DataSegment {
  SegmentMode mode = SegmentMode::passive;
  MemoryIndex memory;  // for active segments only
  ConstExpr offset;    // for active segments only
  std::span<const std::byte> bytes;
};

struct CustomSection {
  std::string name;
  uint64_t offset = 0;  // offset of the contents in the module
  std::span<const std::byte> bytes;
};

// Names from the name section ([wasm 7.6.1]). A malformed name section is ignored from its first error on.
struct Names {
  struct Entry {
    uint32_t index;
    std::string_view name;  // into the module's bytes; well-formed UTF-8
  };
  std::string_view module;
  std::vector<Entry> functions;  // sorted by index
  // All other names stay in the custom section, because nothing needs them at run time.
};

struct BranchHint {
  uint32_t offset = 0;  // offset of the branch instruction from the body's start
  bool likely = false;
};

// A module owns its bytes; the spans in it point into them.
struct Module {
  std::vector<std::byte> bytes;
  Digest digest{};                      // digest of the bytes, which identifies the module in code objects
  Features features = Features::all();  // the features that the module is decoded and validated with

  std::vector<SubType> types;
  std::vector<Import> imports;
  std::vector<Function> functions;
  std::vector<Table> tables;
  std::vector<Memory> memories;
  std::vector<Global> globals;
  std::vector<Tag> tags;
  std::vector<Export> exports;
  std::optional<FuncIndex> start;
  std::vector<ElemSegment> elements;
  std::vector<DataSegment> data;
  std::optional<uint32_t> data_count;  // from the data count section, if there is one
  std::vector<CustomSection> custom_sections;
  Names names;
  std::vector<std::pair<FuncIndex, std::vector<BranchHint>>> branch_hints;  // sorted by function

  // The numbers of imports of each kind. Imports come first in their index spaces.
  uint32_t imported_functions = 0;
  uint32_t imported_tables = 0;
  uint32_t imported_memories = 0;
  uint32_t imported_globals = 0;
  uint32_t imported_tags = 0;

  [[nodiscard]] const FuncType& func_type(FuncIndex function) const {
    return types[functions[function.index()].type.index()].func;
  }
  // Returns the function's name in the name section, or an empty view.
  [[nodiscard]] std::string_view function_name(FuncIndex function) const;
};

}  // namespace cairn::wasm

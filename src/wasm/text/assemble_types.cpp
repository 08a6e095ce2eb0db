// Encodes types ([wasm 6.4]) and type uses ([wasm 6.4.15]).
#include <algorithm>
#include <array>
#include <bit>

#include "wasm/text/assembler.hpp"
#include "wasm/text/literal.hpp"

namespace cairn::wasm::text {
namespace {

struct Code {
  std::string_view keyword;
  uint8_t code;
};

// Codes of number types and the vector type ([wasm 5.3.1], [wasm 5.3.2]).
constexpr auto kNumberTypes =
    std::to_array<Code>({{"i32", 0x7f}, {"i64", 0x7e}, {"f32", 0x7d}, {"f64", 0x7c}, {"v128", 0x7b}});
// Codes of abstract heap types ([wasm 5.3.3]).
constexpr auto kHeapTypes = std::to_array<Code>({{"any", 0x6e},
                                                 {"eq", 0x6d},
                                                 {"i31", 0x6c},
                                                 {"struct", 0x6b},
                                                 {"array", 0x6a},
                                                 {"none", 0x71},
                                                 {"func", 0x70},
                                                 {"nofunc", 0x73},
                                                 {"extern", 0x6f},
                                                 {"noextern", 0x72},
                                                 {"exn", 0x69},
                                                 {"noexn", 0x74}});
// Abbreviations of (ref null ...), with their codes in the binary format ([wasm 5.3.4]).
constexpr auto kReferenceTypes = std::to_array<Code>({{"anyref", 0x6e},
                                                      {"eqref", 0x6d},
                                                      {"i31ref", 0x6c},
                                                      {"structref", 0x6b},
                                                      {"arrayref", 0x6a},
                                                      {"nullref", 0x71},
                                                      {"funcref", 0x70},
                                                      {"nullfuncref", 0x73},
                                                      {"externref", 0x6f},
                                                      {"nullexternref", 0x72},
                                                      {"exnref", 0x69},
                                                      {"nullexnref", 0x74}});
// Codes of (ref ...) and (ref null ...) ([wasm 5.3.4]).
constexpr uint8_t kRef = 0x64;
constexpr uint8_t kRefNull = 0x63;

template <size_t N>
std::optional<uint8_t> find_code(const std::array<Code, N>& codes, const Cursor& cursor) {
  if (!cursor.at(Token::Kind::keyword)) return std::nullopt;
  const auto* found = std::ranges::find(codes, cursor.text(), &Code::keyword);
  if (found == codes.end()) return std::nullopt;
  return found->code;
}

}  // namespace

std::string Assembler::FuncShape::encode() const {
  ByteWriter out;
  out.byte(0x60);  // the code of func ([wasm 5.3.7])
  out.unsigned_leb(param_count);
  out.append(params.bytes());
  out.unsigned_leb(result_count);
  out.append(results.bytes());
  return std::string(out.view());
}

Result<void> Assembler::define_types() {
  for (const Field& field : fields_) {
    if (field.kind != FieldKind::type && field.kind != FieldKind::rec) continue;
    cursor_.seek(field.position);
    VectorWriter members;
    if (field.kind == FieldKind::type) {
      CAIRN_TRY(define_type(members.add()));
    } else {
      while (cursor_.take_open("type")) {
        CAIRN_TRY(define_type(members.add()));
        CAIRN_TRY(cursor_.expect_close());
      }
    }
    ByteWriter& out = type_section_.add();
    if (members.count == 1) {
      // A type use without a definition denotes the first of several equal function types that are final and have no
      // supertype. The encoding of such a type begins with 0x60.
      if (members.items.bytes()[0] == std::byte{0x60}) {
        func_types_.try_emplace(*type_infos_[defined_types_ - 1].func, defined_types_ - 1);
      }
      // A group of one type is encoded as that type ([wasm 5.3.8]).
      out.append(members.items.bytes());
    } else {
      out.byte(0x4e);  // the code of rec ([wasm 5.3.8])
      members.append_to(out);
    }
    CAIRN_TRY(close_field(field));
  }
  return {};
}

// Encodes `(sub final? x* type)` or a composite type, and fills in the first entry of type_infos_ that is still empty.
Result<void> Assembler::define_type(ByteWriter& out) {
  if (cursor_.at(Kind::identifier)) cursor_.next();
  TypeInfo& info = type_infos_[defined_types_++];
  if (!cursor_.take_open("sub")) return composite_type(out, info);
  const bool is_final = cursor_.take_keyword("final");
  VectorWriter supertypes;
  while (cursor_.at_index()) supertypes.add().unsigned_leb(CAIRN_TRY(index(types_)));
  if (!is_final || supertypes.count != 0) {
    out.byte(is_final ? 0x4f : 0x50);  // the codes of sub final and sub ([wasm 5.3.8])
    supertypes.append_to(out);
  }
  CAIRN_TRY(composite_type(out, info));
  return cursor_.expect_close();
}

Result<void> Assembler::composite_type(ByteWriter& out, TypeInfo& info) {
  if (cursor_.take_open("func")) {
    const FuncShape shape = CAIRN_TRY(func_shape(ParamNames::ignore, nullptr));
    info.param_count = shape.param_count;
    info.func = shape.encode();
    out.append(*info.func);
  } else if (cursor_.take_open("struct")) {
    out.byte(0x5f);  // the code of struct ([wasm 5.3.7])
    CAIRN_TRY(field_list(out, info));
  } else if (cursor_.take_open("array")) {
    out.byte(0x5e);  // the code of array ([wasm 5.3.7])
    CAIRN_TRY(field_type(out));
  } else {
    return cursor_.unexpected("func, struct, array or sub");
  }
  return cursor_.expect_close();
}

Result<void> Assembler::field_list(ByteWriter& out, TypeInfo& info) {
  IndexSpace& space = info.fields.emplace("field");
  VectorWriter fields;
  while (cursor_.take_open("field")) {
    if (cursor_.at(Kind::identifier)) {
      const uint32_t field = space.add();
      CAIRN_TRY(bind_optional(space, field));
      CAIRN_TRY(field_type(fields.add()));
    } else {
      while (!cursor_.at(Kind::rparen)) {
        CAIRN_TRY(take_name_annotation(space, space.add()));
        CAIRN_TRY(field_type(fields.add()));
      }
    }
    CAIRN_TRY(cursor_.expect_close());
  }
  fields.append_to(out);
  return {};
}

Result<void> Assembler::field_type(ByteWriter& out) {
  const bool is_mutable = cursor_.take_open("mut");
  CAIRN_TRY(storage_type(out));
  out.byte(is_mutable ? 1 : 0);
  if (is_mutable) return cursor_.expect_close();
  return {};
}

Result<void> Assembler::storage_type(ByteWriter& out) {
  if (cursor_.take_keyword("i8")) return out.byte(0x78), Result<void>();
  if (cursor_.take_keyword("i16")) return out.byte(0x77), Result<void>();
  return value_type(out);
}

bool Assembler::at_reference_type() const {
  return find_code(kReferenceTypes, cursor_).has_value() || cursor_.at_open("ref");
}

Result<void> Assembler::value_type(ByteWriter& out) {
  if (const auto code = find_code(kNumberTypes, cursor_)) {
    cursor_.next();
    out.byte(*code);
    return {};
  }
  if (!at_reference_type()) return cursor_.unexpected("a value type");
  CAIRN_TRY(reference_type()).append_to(out);
  return {};
}

void Assembler::RefType::append_to(ByteWriter& out) const {
  // (ref null <abstract>) has a short form of one byte.
  const auto first = std::to_integer<uint8_t>(heap.bytes()[0]);
  const bool is_abstract = heap.size() == 1 && first >= 0x40 && first < 0x80;
  if (!is_nullable || !is_abstract) out.byte(is_nullable ? kRefNull : kRef);
  out.append(heap.bytes());
}

bool Assembler::RefType::is_funcref() const {
  return is_nullable && heap.size() == 1 && heap.bytes()[0] == std::byte{0x70};
}

Result<Assembler::RefType> Assembler::reference_type() {
  RefType type{.is_nullable = true, .heap = {}};
  if (const auto code = find_code(kReferenceTypes, cursor_)) {
    cursor_.next();
    type.heap.byte(*code);
    return type;
  }
  if (!cursor_.take_open("ref")) return cursor_.unexpected("a reference type");
  type.is_nullable = cursor_.take_keyword("null");
  CAIRN_TRY(heap_type(type.heap));
  CAIRN_TRY(cursor_.expect_close());
  return type;
}

Result<void> Assembler::heap_type(ByteWriter& out) {
  if (const auto code = find_code(kHeapTypes, cursor_)) {
    cursor_.next();
    out.byte(*code);
    return {};
  }
  if (!cursor_.at_index()) return cursor_.unexpected("a heap type");
  out.signed_leb(CAIRN_TRY(index(types_)));
  return {};
}

Result<Assembler::FuncShape> Assembler::func_shape(ParamNames names, IndexSpace* locals) {
  FuncShape shape;
  while (cursor_.take_open("param")) {
    if (names != ParamNames::refuse && cursor_.at(Kind::identifier)) {
      if (names == ParamNames::bind) {
        CAIRN_TRY(bind_optional(*locals, locals->add()));
      } else {
        cursor_.next();
      }
      CAIRN_TRY(value_type(shape.params));
      ++shape.param_count;
    } else {
      while (!cursor_.at(Kind::rparen)) {
        if (names == ParamNames::bind) CAIRN_TRY(take_name_annotation(*locals, locals->add()));
        CAIRN_TRY(value_type(shape.params));
        ++shape.param_count;
      }
    }
    CAIRN_TRY(cursor_.expect_close());
  }
  while (cursor_.take_open("result")) {
    while (!cursor_.at(Kind::rparen)) {
      CAIRN_TRY(value_type(shape.results));
      ++shape.result_count;
    }
    CAIRN_TRY(cursor_.expect_close());
  }
  // "(param" or "(type" after the results is in the wrong order. It cannot be an instruction, since no instruction has
  // such a name.
  if (cursor_.at_open("param") || cursor_.at_open("type")) return cursor_.unexpected_at(1, "what follows the results");
  return shape;
}

Result<Assembler::TypeUse> Assembler::type_use(ParamNames names, IndexSpace* locals) {
  TypeUse use;
  use.offset = cursor_.peek().offset;
  if (cursor_.take_open("type")) {
    use.type = CAIRN_TRY(index(types_));
    CAIRN_TRY(cursor_.expect_close());
  }
  use.shape = CAIRN_TRY(func_shape(names, locals));
  // Parameters that only the type definition lists are locals without a name.
  if (use.type && use.shape.is_empty() && names == ParamNames::bind && *use.type < type_infos_.size()) {
    locals->add(type_infos_[*use.type].param_count);
  }
  return use;
}

Result<uint32_t> Assembler::resolve(const TypeUse& use) {
  if (use.type && use.shape.is_empty()) return *use.type;
  std::string encoded = use.shape.encode();
  if (use.type) {
    if (*use.type >= type_infos_.size()) return Cursor::error_at(use.offset, "unknown type");
    if (type_infos_[*use.type].func != encoded) {
      return Cursor::error_at(use.offset, "inline function type does not match the type that is named");
    }
    return *use.type;
  }
  const auto found = func_types_.find(encoded);
  if (found != func_types_.end()) return found->second;
  const uint32_t type = types_.add();
  type_section_.add().append(encoded);
  func_types_.emplace(encoded, type);
  type_infos_.emplace_back();
  type_infos_.back().param_count = use.shape.param_count;
  type_infos_.back().func = std::move(encoded);
  return type;
}

// --- Types of imports and definitions.

// Reads an optional i32 or i64 in front of limits, and returns its bit in the flags of the limits.
uint32_t Assembler::address_flag() {
  if (cursor_.take_keyword("i64")) return 4;
  cursor_.take_keyword("i32");
  return 0;
}

// The bits of the flags ([wasm 5.3.9]) are 1 for a maximum, 2 for a shared memory, 4 for 64-bit addresses and 8 for a
// page size.
Result<void> Assembler::limits(ByteWriter& out, uint32_t flags, bool is_memory) {
  const uint64_t minimum = CAIRN_TRY(cursor_.expect_natural(size_bits_, "the minimum size"));
  uint64_t maximum = 0;
  if (cursor_.at(Kind::natural)) {
    maximum = CAIRN_TRY(cursor_.expect_natural(size_bits_, "the maximum size"));
    flags |= 1;
  }
  std::optional<uint32_t> page_log2;
  if (is_memory) {
    if (cursor_.take_keyword("shared")) flags |= 2;
    page_log2 = CAIRN_TRY(page_size());
    if (page_log2) flags |= 8;
  }
  out.byte(flags);
  out.unsigned_leb(minimum);
  if ((flags & 1) != 0) out.unsigned_leb(maximum);
  if (page_log2) out.unsigned_leb(*page_log2);
  return {};
}

Result<std::optional<uint32_t>> Assembler::page_size() {
  if (!cursor_.take_open("pagesize")) return std::nullopt;
  const uint64_t offset = cursor_.peek().offset;
  const uint64_t size = CAIRN_TRY(cursor_.expect_natural(64, "the page size"));
  if (!std::has_single_bit(size)) return Cursor::error_at(offset, "invalid custom page size: not a power of two");
  CAIRN_TRY(cursor_.expect_close());
  return static_cast<uint32_t>(std::countr_zero(size));
}

Result<void> Assembler::memory_type(ByteWriter& out) { return limits(out, address_flag(), true); }

Result<void> Assembler::table_type(ByteWriter& out) {
  ByteWriter sizes;
  CAIRN_TRY(limits(sizes, address_flag(), false));
  CAIRN_TRY(reference_type()).append_to(out);
  out.append(sizes.bytes());
  return {};
}

Result<void> Assembler::global_type(ByteWriter& out) {
  const bool is_mutable = cursor_.take_open("mut");
  CAIRN_TRY(value_type(out));
  out.byte(is_mutable ? 1 : 0);
  if (is_mutable) return cursor_.expect_close();
  return {};
}

}  // namespace cairn::wasm::text

#include "wasm/type_reader.hpp"

#include <optional>

#include "base/format.hpp"

namespace cairn::wasm {
namespace {

// Codes of (ref null ...) and (ref ...) ([wasm 5.3.4]).
constexpr uint8_t kRefNull = 0x63;
constexpr uint8_t kRef = 0x64;

// Returns the abstract heap type with this code ([wasm 5.3.3]).
std::optional<HeapType> abstract_heap_type(uint8_t byte) {
  switch (byte) {
    case 0x69: return HeapType::exn;
    case 0x6a: return HeapType::array;
    case 0x6b: return HeapType::struct_;
    case 0x6c: return HeapType::i31;
    case 0x6d: return HeapType::eq;
    case 0x6e: return HeapType::any;
    case 0x6f: return HeapType::extern_;
    case 0x70: return HeapType::func;
    case 0x71: return HeapType::none;
    case 0x72: return HeapType::noextern;
    case 0x73: return HeapType::nofunc;
    case 0x74: return HeapType::noexn;
    default: return std::nullopt;
  }
}

// Returns the number or vector type with this code ([wasm 5.3.1], [wasm 5.3.2]).
std::optional<ValType> number_type(uint8_t byte) {
  switch (byte) {
    case 0x7f: return ValType::i32;
    case 0x7e: return ValType::i64;
    case 0x7d: return ValType::f32;
    case 0x7c: return ValType::f64;
    case 0x7b: return ValType::v128;
    default: return std::nullopt;
  }
}

bool check_heap_feature(ByteReader& in, Features features, HeapType type, uint64_t offset) {
  switch (type.kind()) {
    case HeapType::func: return true;
    case HeapType::extern_: return require_feature(in, features, Feature::reference_types, offset, to_string(type));
    case HeapType::exn:
    case HeapType::noexn: return require_feature(in, features, Feature::exceptions, offset, to_string(type));
    case HeapType::concrete:
      return require_feature(in, features, Feature::function_references, offset, "a reference to a defined type");
    default: return require_feature(in, features, Feature::gc, offset, to_string(type));
  }
}

}  // namespace

bool require_feature(ByteReader& in, Features features, Feature feature, uint64_t offset, std::string_view what) {
  if (features.has(feature)) return true;
  std::string message(what);
  message += " needs the proposal ";
  message += to_string(feature);
  message += ", which is off";
  return in.fail(ErrorKind::unsupported, offset, std::move(message));
}

bool is_value_type_byte(uint8_t byte) {
  return number_type(byte) || abstract_heap_type(byte) || byte == kRef || byte == kRefNull;
}

bool read_heap_type(ByteReader& in, const TypeContext& context, HeapType& type) {
  const uint64_t offset = in.offset();
  int64_t value = 0;
  if (!in.read_s33(value)) return false;
  if (value >= 0) {
    if (static_cast<uint64_t>(value) >= context.type_count) {
      return in.fail(ErrorKind::invalid, offset, "unknown type " + decimal(static_cast<uint64_t>(value)));
    }
    type = HeapType::of(TypeIndex(static_cast<uint32_t>(value)));
  } else {
    const auto abstract = value >= -64 ? abstract_heap_type(static_cast<uint8_t>(value & 0x7f)) : std::nullopt;
    if (!abstract) return in.fail(ErrorKind::malformed, offset, "malformed heap type");
    type = *abstract;
  }
  return check_heap_feature(in, context.features, type, offset);
}

bool read_ref_type(ByteReader& in, const TypeContext& context, ValType& type) {
  const uint64_t offset = in.offset();
  uint8_t byte = 0;
  if (!in.read_u8(byte)) return false;
  if (byte == kRef || byte == kRefNull) {
    if (!require_feature(in, context.features, Feature::function_references, offset, "a typed reference")) return false;
    HeapType heap = HeapType::func;
    if (!read_heap_type(in, context, heap)) return false;
    type = ValType::reference(byte == kRef ? Nullability::non_null : Nullability::nullable, heap);
    return true;
  }
  const auto heap = abstract_heap_type(byte);
  if (!heap) return in.fail(ErrorKind::malformed, offset, "malformed reference type");
  type = ValType::reference(Nullability::nullable, *heap);
  return check_heap_feature(in, context.features, *heap, offset);
}

bool read_value_type(ByteReader& in, const TypeContext& context, ValType& type) {
  const uint64_t offset = in.offset();
  uint8_t byte = 0;
  if (!in.peek_u8(byte)) return in.read_u8(byte);
  if (const auto number = number_type(byte)) {
    type = *number;
    in.read_u8(byte);
    return type != ValType::v128 || require_feature(in, context.features, Feature::simd, offset, "v128");
  }
  if (!is_value_type_byte(byte)) return in.fail(ErrorKind::malformed, offset, "malformed value type");
  return require_feature(in, context.features, Feature::reference_types, offset, "a reference as a value") &&
         read_ref_type(in, context, type);
}

bool read_storage_type(ByteReader& in, const TypeContext& context, FieldType& type) {
  uint8_t byte = 0;
  // 0x78 is the code of i8, and 0x77 that of i16.
  if (in.peek_u8(byte) && (byte == 0x78 || byte == 0x77)) {
    in.read_u8(byte);
    type.packing = byte == 0x78 ? FieldType::Packing::i8 : FieldType::Packing::i16;
    type.type = ValType::i32;
    return true;
  }
  type.packing = FieldType::Packing::none;
  return read_value_type(in, context, type.type);
}

}  // namespace cairn::wasm

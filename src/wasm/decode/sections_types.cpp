// Decodes the type section ([wasm 5.5.4]): recursive groups of function, structure and array types.
#include "base/format.hpp"
#include "wasm/decode/module_decoder.hpp"

namespace cairn::wasm {
namespace {

// The codes of the forms of type definitions ([wasm 5.3.7], [wasm 5.3.8]).
constexpr uint8_t kRec = 0x4e;
constexpr uint8_t kSubFinal = 0x4f;
constexpr uint8_t kSub = 0x50;
constexpr uint8_t kArray = 0x5e;
constexpr uint8_t kStruct = 0x5f;
constexpr uint8_t kFunc = 0x60;

}  // namespace

Result<void> ModuleDecoder::type_section() {
  const uint32_t groups = CAIRN_TRY(count("too many types", 0, limits::kTypes));
  for (uint32_t i = 0; i < groups; ++i) {
    entry_ = static_cast<uint32_t>(module_.types.size());
    const uint64_t offset = in_.offset();
    uint8_t form = 0;
    if (in_.peek_u8(form) && form == kRec) {
      CAIRN_TRY(require(Feature::gc, "a recursive type group", offset));
      CAIRN_TRY(in_.u8());
      CAIRN_TRY(recursive_group(CAIRN_TRY(count("too many types", module_.types.size(), limits::kTypes))));
    } else {
      CAIRN_TRY(check_limit("too many types", module_.types.size() + 1, limits::kTypes, offset));
      CAIRN_TRY(recursive_group(1));
    }
  }
  return {};
}

Result<void> ModuleDecoder::recursive_group(uint32_t count) {
  const auto begin = static_cast<uint32_t>(module_.types.size());
  const uint32_t end = begin + count;
  const uint64_t offset = in_.offset();
  for (uint32_t i = begin; i < end; ++i) {
    entry_ = i;
    SubType type = CAIRN_TRY(sub_type(end));
    type.group_begin = begin;
    type.group_end = end;
    module_.types.push_back(std::move(type));
  }
  const uint32_t first = canonicalizer_.add_group(module_.types, begin, end, canonical_);
  for (uint32_t i = begin; i < end; ++i) {
    module_.types[i].canonical = first + (i - begin);
    canonical_.push_back(module_.types[i].canonical);
  }
  for (entry_ = begin; *entry_ < end; ++*entry_) CAIRN_TRY(set_depth(*entry_, offset));
  for (entry_ = begin; *entry_ < end; ++*entry_) CAIRN_TRY(check_supertype(*entry_, offset));
  return {};
}

Result<SubType> ModuleDecoder::sub_type(uint32_t group_end) {
  SubType type;
  uint64_t offset = in_.offset();
  uint8_t form = CAIRN_TRY(in_.u8());
  if (form == kSub || form == kSubFinal) {
    CAIRN_TRY(require(Feature::gc, "a subtype declaration", offset));
    type.is_final = form == kSubFinal;
    offset = in_.offset();
    const uint32_t supertypes = CAIRN_TRY(in_.length());
    if (supertypes > 1) return invalid(offset, "sub type has more than one supertype");
    if (supertypes == 1) {
      offset = in_.offset();
      const uint32_t index = CAIRN_TRY(in_.u32());
      if (index >= module_.types.size()) return invalid(offset, "unknown type " + decimal(index));
      type.supertype = TypeIndex(index);
    }
    offset = in_.offset();
    form = CAIRN_TRY(in_.u8());
  }
  CAIRN_TRY(composite_type(form, type, {features_, group_end}, offset));
  return type;
}

Result<void> ModuleDecoder::composite_type(uint8_t form, SubType& type, const TypeContext& context, uint64_t offset) {
  switch (form) {
    case kFunc:
      type.kind = SubType::Kind::func;
      type.func.params = CAIRN_TRY(result_type(context, "too many parameters", limits::kParams));
      type.func.results = CAIRN_TRY(result_type(context, "too many results", limits::kResults));
      if (type.func.results.size() > 1)
        CAIRN_TRY(require(Feature::multi_value, "a function with several results", offset));
      return {};
    case kStruct: {
      CAIRN_TRY(require(Feature::gc, "a structure type", offset));
      type.kind = SubType::Kind::struct_;
      const uint32_t fields = CAIRN_TRY(count("too many fields", 0, limits::kStructFields));
      for (uint32_t i = 0; i < fields; ++i) type.fields.push_back(CAIRN_TRY(field_type(context)));
      return {};
    }
    case kArray:
      CAIRN_TRY(require(Feature::gc, "an array type", offset));
      type.kind = SubType::Kind::array;
      type.fields.push_back(CAIRN_TRY(field_type(context)));
      return {};
    default:
      // The code of a form is a one-byte signed integer ([wasm 5.3.7]).
      return malformed(offset, form >= 0x80 ? "integer representation too long" : "malformed definition type");
  }
}

Result<std::vector<ValType>> ModuleDecoder::result_type(const TypeContext& context, std::string_view what,
                                                        uint32_t limit) {
  const uint32_t size = CAIRN_TRY(count(what, 0, limit));
  std::vector<ValType> types(size, ValType::i32);
  for (ValType& type : types) {
    if (!read_value_type(in_, context, type)) return in_.failure();
  }
  return types;
}

Result<FieldType> ModuleDecoder::field_type(const TypeContext& context) {
  FieldType field;
  if (!read_storage_type(in_, context, field)) return in_.failure();
  const uint64_t offset = in_.offset();
  const uint8_t mutability = CAIRN_TRY(in_.u8());
  if (mutability > 1) return malformed(offset, "malformed mutability");
  field.mutability = mutability == 1 ? Mutability::mutable_ : Mutability::immutable;
  return field;
}

Result<void> ModuleDecoder::set_depth(uint32_t index, uint64_t offset) {
  SubType& type = module_.types[index];
  if (!type.supertype) return {};
  type.depth = module_.types[type.supertype->index()].depth + 1;
  return check_limit("subtyping too deep", type.depth, limits::kSubtypingDepth, offset);
}

Result<void> ModuleDecoder::check_supertype(uint32_t index, uint64_t offset) {
  const SubType& type = module_.types[index];
  if (!type.supertype) return {};
  const SubType& super = module_.types[type.supertype->index()];
  if (super.is_final || !structure_matches(module_.types, type, super)) {
    return invalid(offset,
                   "sub type " + decimal(index) + " does not match super type " + decimal(type.supertype->index()));
  }
  return {};
}

}  // namespace cairn::wasm

#include "wasm/type_equivalence.hpp"

#include <algorithm>

namespace cairn::wasm {
namespace {

// A value type is encoded as one or two words. The only word of a number type or v128 is its kind, which is below 16.
// The first word of a reference type is kAbstract, kInsideGroup or kOutsideGroup, with the bit kNullable if the
// reference is nullable.
constexpr uint32_t kAbstract = 16;      // the second word is the heap type's kind
constexpr uint32_t kInsideGroup = 17;   // the second word is the position in the group
constexpr uint32_t kOutsideGroup = 18;  // the second word is the canonical number
constexpr uint32_t kNullable = 32;

uint64_t hash_words(std::span<const uint32_t> words) {
  uint64_t hash = 0x9e37'79b9'7f4a'7c15;
  for (uint32_t word : words) {
    hash = (hash ^ word) * 0xff51'afd7'ed55'8ccd;
    hash ^= hash >> 32;
  }
  return hash;
}

HeapType::Kind composite_kind(const SubType& type) {
  switch (type.kind) {
    case SubType::Kind::func: return HeapType::func;
    case SubType::Kind::struct_: return HeapType::struct_;
    case SubType::Kind::array: return HeapType::array;
  }
  return HeapType::func;
}

bool abstract_matches(HeapType::Kind sub, HeapType::Kind super) {
  if (sub == super) return true;
  switch (sub) {
    case HeapType::none:
      return super == HeapType::any || super == HeapType::eq || super == HeapType::i31 || super == HeapType::struct_ ||
             super == HeapType::array;
    case HeapType::i31:
    case HeapType::struct_:
    case HeapType::array: return super == HeapType::eq || super == HeapType::any;
    case HeapType::eq: return super == HeapType::any;
    case HeapType::nofunc: return super == HeapType::func;
    case HeapType::noextern: return super == HeapType::extern_;
    case HeapType::noexn: return super == HeapType::exn;
    default: return false;
  }
}

bool field_matches(std::span<const SubType> types, const FieldType& sub, const FieldType& super) {
  if (sub.mutability != super.mutability || sub.packing != super.packing) return false;
  if (!matches(types, sub.type, super.type)) return false;
  return sub.mutability == Mutability::immutable || matches(types, super.type, sub.type);
}

}  // namespace

// The groups are ordered rather than hashed into buckets, so that no choice of types makes add_group() slow.
bool TypeCanonicalizer::Less::operator()(const Group& a, const Group& b) const {
  if (a.hash != b.hash) return a.hash < b.hash;
  const std::span all(*words);
  const auto x = all.subspan(a.begin, a.length);
  const auto y = all.subspan(b.begin, b.length);
  return std::ranges::lexicographical_compare(x, y);
}

TypeCanonicalizer::TypeCanonicalizer() : groups_(Less{&words_}) {}

void TypeCanonicalizer::append(HeapType type, uint32_t begin, std::span<const uint32_t> canonical) {
  if (!type.is_concrete()) {
    words_.push_back(kAbstract);
    words_.push_back(type.kind());
  } else if (const uint32_t index = type.index().index(); index >= begin) {
    words_.push_back(kInsideGroup);
    words_.push_back(index - begin);
  } else {
    words_.push_back(kOutsideGroup);
    words_.push_back(canonical[index]);
  }
}

void TypeCanonicalizer::append(ValType type, uint32_t begin, std::span<const uint32_t> canonical) {
  if (!type.is_ref()) {
    words_.push_back(type.kind());
    return;
  }
  const size_t at = words_.size();
  append(type.heap(), begin, canonical);
  if (type.is_nullable()) words_[at] |= kNullable;
}

uint32_t TypeCanonicalizer::add_group(std::span<const SubType> types, uint32_t begin, uint32_t end,
                                      std::span<const uint32_t> canonical) {
  const size_t start = words_.size();
  words_.push_back(end - begin);
  for (const SubType& type : types.subspan(begin, end - begin)) {
    words_.push_back(static_cast<uint32_t>(type.kind) | (type.is_final ? 4U : 0U) | (type.supertype ? 8U : 0U));
    if (type.supertype) append(HeapType::of(*type.supertype), begin, canonical);
    switch (type.kind) {
      case SubType::Kind::func:
        words_.push_back(static_cast<uint32_t>(type.func.params.size()));
        for (ValType param : type.func.params) append(param, begin, canonical);
        words_.push_back(static_cast<uint32_t>(type.func.results.size()));
        for (ValType result : type.func.results) append(result, begin, canonical);
        break;
      case SubType::Kind::struct_:
      case SubType::Kind::array:
        words_.push_back(static_cast<uint32_t>(type.fields.size()));
        for (const FieldType& field : type.fields) {
          words_.push_back(static_cast<uint32_t>(field.packing) * 2 + static_cast<uint32_t>(field.mutability));
          append(field.type, begin, canonical);
        }
        break;
    }
  }
  const Group group{hash_words(std::span(words_).subspan(start)), start, words_.size() - start, next_};
  const auto [found, inserted] = groups_.insert(group);
  if (inserted) {
    next_ += end - begin;
  } else {
    words_.resize(start);
  }
  return found->first;
}

bool matches(std::span<const SubType> types, HeapType sub, HeapType super) {
  if (sub == super) return true;
  if (!sub.is_concrete()) {
    if (!super.is_concrete()) return abstract_matches(sub.kind(), super.kind());
    const bool is_func = types[super.index().index()].kind == SubType::Kind::func;
    return sub.kind() == (is_func ? HeapType::nofunc : HeapType::none);
  }
  const SubType* type = &types[sub.index().index()];
  if (!super.is_concrete()) return abstract_matches(composite_kind(*type), super.kind());
  const SubType& target = types[super.index().index()];
  if (type->depth < target.depth) return false;
  while (type->depth > target.depth) type = &types[type->supertype->index()];  // at most limits::kSubtypingDepth steps
  return type->canonical == target.canonical;
}

bool matches_slow(std::span<const SubType> types, ValType sub, ValType super) {
  if (sub == super || sub.kind() == ValType::bottom) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.is_bottom_ref()) return true;
  if (super.is_bottom_ref()) return false;
  if (sub.is_nullable() && !super.is_nullable()) return false;
  return matches(types, sub.heap(), super.heap());
}

bool matches(std::span<const SubType> types, const std::vector<ValType>& sub, const std::vector<ValType>& super) {
  if (sub.size() != super.size()) return false;
  for (size_t i = 0; i < sub.size(); ++i) {
    if (!matches(types, sub[i], super[i])) return false;
  }
  return true;
}

bool structure_matches(std::span<const SubType> types, const SubType& sub, const SubType& super) {
  if (sub.kind != super.kind) return false;
  if (sub.kind == SubType::Kind::func) {
    return matches(types, super.func.params, sub.func.params) && matches(types, sub.func.results, super.func.results);
  }
  if (sub.fields.size() < super.fields.size()) return false;
  for (size_t i = 0; i < super.fields.size(); ++i) {
    if (!field_matches(types, sub.fields[i], super.fields[i])) return false;
  }
  return true;
}

HeapType::Kind top_of(std::span<const SubType> types, HeapType type) {
  switch (type.kind()) {
    case HeapType::func:
    case HeapType::nofunc: return HeapType::func;
    case HeapType::extern_:
    case HeapType::noextern: return HeapType::extern_;
    case HeapType::exn:
    case HeapType::noexn: return HeapType::exn;
    case HeapType::concrete:
      return types[type.index().index()].kind == SubType::Kind::func ? HeapType::func : HeapType::any;
    default: return HeapType::any;
  }
}

}  // namespace cairn::wasm

#include "runtime/type_registry.hpp"

namespace cairn::runtime {

using wasm::HeapType;
using wasm::SubType;
using wasm::TypeIndex;
using wasm::ValType;

namespace {

// Rewrites every type index of a type with `map`.
template <class Map>
ValType map_type(ValType type, Map&& map) {
  if (!type.is_ref() || !type.heap().is_concrete()) return type;
  return ValType::reference(type.nullability(), HeapType::of(TypeIndex(map(type.heap().index().index()))));
}

template <class Map>
SubType map_types(const SubType& type, Map&& map) {
  SubType result = type;
  if (result.supertype) result.supertype = TypeIndex(map(result.supertype->index()));
  for (ValType& t : result.func.params) t = map_type(t, map);
  for (ValType& t : result.func.results) t = map_type(t, map);
  for (wasm::FieldType& f : result.fields) f.type = map_type(f.type, map);
  return result;
}

void append_number(std::string& key, uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) key.push_back(static_cast<char>(value >> (8 * i)));
}

void append_type(std::string& key, ValType type) {
  key.push_back(static_cast<char>(type.kind()));
  if (!type.is_ref()) return;
  key.push_back(type.is_nullable() ? 1 : 0);
  key.push_back(static_cast<char>(type.heap().kind()));
  if (type.heap().is_concrete()) append_number(key, type.heap().index().index());
}

// Indices in `type` are either canonical ids, or positions in the group with the top bit set.
void append_sub_type(std::string& key, const SubType& type) {
  key.push_back(static_cast<char>(type.kind));
  key.push_back(type.is_final ? 1 : 0);
  append_number(key, type.supertype ? type.supertype->index() : TypeIndex::kNone);
  append_number(key, static_cast<uint32_t>(type.func.params.size()));
  for (ValType t : type.func.params) append_type(key, t);
  append_number(key, static_cast<uint32_t>(type.func.results.size()));
  for (ValType t : type.func.results) append_type(key, t);
  append_number(key, static_cast<uint32_t>(type.fields.size()));
  for (const wasm::FieldType& f : type.fields) {
    append_type(key, f.type);
    key.push_back(static_cast<char>(f.packing));
    key.push_back(static_cast<char>(f.mutability));
  }
}

constexpr uint32_t kInGroup = 0x8000'0000;

}  // namespace

uint32_t TypeRegistry::register_group(std::span<const SubType> group, std::string key) {
  auto [entry, is_new] = groups_.try_emplace(std::move(key), static_cast<uint32_t>(types_.size()));
  const uint32_t base = entry->second;
  if (is_new) {
    for (const SubType& type : group) {
      types_.push_back(map_types(type, [&](uint32_t i) { return (i & kInGroup) != 0 ? base + (i & ~kInGroup) : i; }));
      types_.back().group_begin = base;
      types_.back().group_end = base + static_cast<uint32_t>(group.size());
    }
  }
  return base;
}

std::vector<CanonicalId> TypeRegistry::canonicalize(std::span<const SubType> types) {
  std::vector<CanonicalId> ids;
  ids.reserve(types.size());
  while (ids.size() < types.size()) {
    const auto begin = static_cast<uint32_t>(ids.size());
    const uint32_t end = types[begin].group_end;
    std::vector<SubType> group;
    std::string key;
    for (uint32_t i = begin; i < end; ++i) {
      group.push_back(map_types(types[i], [&](uint32_t index) {
        return index >= begin ? kInGroup | (index - begin) : ids[index].index();
      }));
      append_sub_type(key, group.back());
    }
    const uint32_t base = register_group(group, std::move(key));
    for (uint32_t i = begin; i < end; ++i) ids.emplace_back(base + (i - begin));
  }
  return ids;
}

CanonicalId TypeRegistry::canonicalize(const wasm::FuncType& type) {
  SubType sub;
  sub.func = type;
  std::string key;
  append_sub_type(key, sub);
  return CanonicalId(register_group(std::span(&sub, 1), std::move(key)));
}

bool TypeRegistry::is_subtype(CanonicalId sub, CanonicalId super) const {
  for (;;) {
    if (sub == super) return true;
    const SubType& type = types_[sub.index()];
    if (!type.supertype) return false;
    sub = CanonicalId(type.supertype->index());
  }
}

bool TypeRegistry::is_subtype(HeapType sub, HeapType super) const {
  if (sub == super) return true;
  if (sub.is_concrete() && super.is_concrete()) {
    return is_subtype(CanonicalId(sub.index().index()), CanonicalId(super.index().index()));
  }
  // The kind of hierarchy and level that a heap type stands for.
  const auto kind_of = [this](HeapType type) {
    if (!type.is_concrete()) return type.kind();
    switch (types_[type.index().index()].kind) {
      case SubType::Kind::func: return HeapType::func;
      case SubType::Kind::struct_: return HeapType::struct_;
      case SubType::Kind::array: return HeapType::array;
    }
    return HeapType::any;
  };
  const HeapType::Kind from = kind_of(sub);
  if (super.is_concrete()) {
    // Only a bottom type is below a defined type without being one.
    const HeapType::Kind to = kind_of(super);
    return (sub == HeapType::nofunc && to == HeapType::func) || (sub == HeapType::none && to != HeapType::func);
  }
  switch (super.kind()) {
    case HeapType::func: return from == HeapType::func || from == HeapType::nofunc;
    case HeapType::extern_: return from == HeapType::noextern;
    case HeapType::exn: return from == HeapType::noexn;
    case HeapType::any:
      return from == HeapType::eq || from == HeapType::i31 || from == HeapType::struct_ || from == HeapType::array ||
             from == HeapType::none;
    case HeapType::eq:
      return from == HeapType::i31 || from == HeapType::struct_ || from == HeapType::array || from == HeapType::none;
    case HeapType::i31: return from == HeapType::none;
    case HeapType::struct_: return from == HeapType::struct_ || from == HeapType::none;
    case HeapType::array: return from == HeapType::array || from == HeapType::none;
    default: return false;
  }
}

bool TypeRegistry::is_subtype(ValType sub, ValType super) const {
  if (sub == super) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.is_nullable() && !super.is_nullable()) return false;
  return is_subtype(sub.heap(), super.heap());
}

ValType TypeRegistry::canonical(ValType type, std::span<const CanonicalId> ids) {
  return map_type(type, [&](uint32_t i) { return ids[i].index(); });
}

}  // namespace cairn::runtime

#include "runtime/type_registry.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "platform/platform.hpp"
#include "runtime/field_layout.hpp"
#include "runtime/platform.hpp"

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

// Indices in `type` are either canonical ids, or positions in the group with kInGroup set.
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

// Marks a position in the group. Above every canonical id, and with any position still an index that a heap type holds.
constexpr uint32_t kInGroup = 1U << 28;
static_assert(TypeRegistry::kMaximumTypes <= kInGroup && kInGroup + TypeRegistry::kMaximumTypes < wasm::HeapType::kMaxIndex);

}  // namespace

TypeRegistry::~TypeRegistry() {
  if (!table_.empty()) platform::Platform::release(table_);
}

Result<const VMTypeInfo* const*> TypeRegistry::ensure_table() {
  if (table_.empty()) table_ = CAIRN_TRY(platform::Platform::reserve(kMaximumTypes * sizeof(VMTypeInfo*)));
  return table();
}

Result<void> TypeRegistry::make_room(size_t more_types) {
  using platform::Platform;
  if (more_types > kMaximumTypes - types_.size()) {
    return fail(Error::of(ErrorKind::limit, "too many types in the engine: the limit is " + decimal(kMaximumTypes)));
  }
  CAIRN_TRY(ensure_table());
  constexpr size_t kStep = 16 * Platform::kPageSize;
  const size_t wanted = ((types_.size() + more_types) * sizeof(VMTypeInfo*) + kStep - 1) / kStep * kStep;
  if (wanted > committed_bytes_) {
    CAIRN_TRY(Platform::commit(table_.subspan(committed_bytes_, wanted - committed_bytes_)));
    committed_bytes_ = wanted;
  }
  return {};
}

// Of a type whose group is registered; supertypes have been described before.
const VMTypeInfo* TypeRegistry::describe(uint32_t id) {
  const SubType& type = types_[id];
  const VMTypeInfo* super = type.supertype ? table()[type.supertype->index()] : nullptr;
  const uint32_t depth = super != nullptr ? super->depth + 1 : 0;
  const uint32_t display = std::max(depth + 1, kMinimumDisplay);
  auto* info = static_cast<VMTypeInfo*>(
      infos_.allocate(sizeof(VMTypeInfo) + (display - kMinimumDisplay) * sizeof(uint32_t), alignof(VMTypeInfo)));
  std::construct_at(info);
  info->depth = depth;
  uint32_t* ancestors = info->ancestors;
  for (uint32_t i = 0; i < display; ++i) ancestors[i] = i < depth ? super->display()[i] : i == depth ? id : kNoType;

  const auto is_function = [&](TypeIndex index) { return types_[index.index()].kind == SubType::Kind::func; };
  if (type.kind == SubType::Kind::array) {
    const FieldStorage element = storage_of(type.fields[0], is_function);
    info->kind = ObjectKind::array;
    info->size = element.size;
    info->reference_count = element.is_reference ? 1 : 0;
    return info;
  }
  const bool is_struct = type.kind == SubType::Kind::struct_;
  info->kind = is_struct ? ObjectKind::structure : ObjectKind::exception;
  FieldLayout layout(is_struct ? uint32_t{sizeof(VMObject)} : kExceptionPayloadOffset);
  std::vector<uint32_t> references;
  const auto place = [&](FieldStorage storage) {
    const uint32_t offset = layout.place(storage);
    if (storage.is_reference) references.push_back(offset);
  };
  if (is_struct) {
    for (const wasm::FieldType& field : type.fields) place(storage_of(field, is_function));
  } else {
    for (ValType parameter : type.func.params) place(storage_of(parameter, is_function));
  }
  info->size = layout.size();
  info->reference_count = static_cast<uint32_t>(references.size());
  if (!references.empty()) {
    const std::span<uint32_t> kept = infos_.make_span<uint32_t>(references.size());
    std::ranges::copy(references, kept.begin());
    info->references = kept.data();
  }
  return info;
}

Result<uint32_t> TypeRegistry::register_group(std::span<const SubType> group, std::string key) {
  if (auto known = groups_.find(key); known != groups_.end()) return known->second;
  CAIRN_TRY(make_room(group.size()));
  const auto base = static_cast<uint32_t>(types_.size());
  groups_.emplace(std::move(key), base);
  for (const SubType& type : group) {
    types_.push_back(map_types(type, [&](uint32_t i) { return (i & kInGroup) != 0 ? base + (i & ~kInGroup) : i; }));
    types_.back().group_begin = base;
    types_.back().group_end = base + static_cast<uint32_t>(group.size());
  }
  auto** infos = reinterpret_cast<const VMTypeInfo**>(table_.data());
  for (uint32_t id = base; id < types_.size(); ++id) infos[id] = describe(id);
  return base;
}

Result<std::vector<CanonicalId>> TypeRegistry::canonicalize(std::span<const SubType> types) {
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
    const uint32_t base = CAIRN_TRY(register_group(group, std::move(key)));
    for (uint32_t i = begin; i < end; ++i) ids.emplace_back(base + (i - begin));
  }
  return ids;
}

Result<CanonicalId> TypeRegistry::canonicalize(const wasm::FuncType& type) {
  SubType sub;
  sub.func = type;
  std::string key;
  append_sub_type(key, sub);
  return CanonicalId(CAIRN_TRY(register_group(std::span(&sub, 1), std::move(key))));
}

bool TypeRegistry::is_subtype(CanonicalId sub, CanonicalId super) const {
  const VMTypeInfo& info = *table()[sub.index()];
  const uint32_t depth = table()[super.index()]->depth;
  return depth <= info.depth && info.display()[depth] == super.index();
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

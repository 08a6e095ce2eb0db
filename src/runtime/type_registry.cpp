#include "runtime/type_registry.hpp"

#include <algorithm>

#include "abi/field_layout.hpp"
#include "base/assert.hpp"
#include "base/format.hpp"
#include "base/operation.hpp"
#include "base/system_account.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {

using wasm::HeapType;
using wasm::SubType;
using wasm::TypeIndex;
using wasm::ValType;

namespace {

// Returns `type` with its type index, if it has one, replaced by map(index).
template <class Map>
ValType map_type(ValType type, Map&& map) {
  if (!type.is_ref() || !type.heap().is_concrete()) return type;
  return ValType::reference(type.nullability(), HeapType::of(TypeIndex(map(type.heap().index().index()))));
}

// Replaces every type index in `type`, also that of the supertype, by map(index).
template <class Map>
void rewrite_types(SubType& type, Map&& map) {
  if (type.supertype) type.supertype = TypeIndex(map(type.supertype->index()));
  for (ValType& t : type.func.params) t = map_type(t, map);
  for (ValType& t : type.func.results) t = map_type(t, map);
  for (wasm::FieldType& f : type.fields) f.type = map_type(f.type, map);
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

// Appends a type to the key of its group. Indices in `type` are either canonical ids, or positions in the group with
// kInGroup set.
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

// A bit that marks a type index as a position in the group. The bit is above every canonical id, and the index of a
// heap type has room for this bit together with any position.
constexpr uint32_t kInGroup = 1U << 28;
static_assert(TypeRegistry::kMaximumTypes <= kInGroup &&
              kInGroup + TypeRegistry::kMaximumTypes < wasm::HeapType::kMaxIndex);

}  // namespace

TypeRegistry::~TypeRegistry() {
  if (!table_.empty()) platform::Platform::release(table_);
}

Result<const abi::VMTypeInfo* const*> TypeRegistry::ensure_table() {
  const SystemAccountScope account;
  if (table_.empty()) table_ = CAIRN_TRY(platform::Platform::reserve(kMaximumTypes * sizeof(abi::VMTypeInfo*)));
  return table();
}

Result<void> TypeRegistry::make_room(size_t more_types) {
  using platform::Platform;
  if (more_types > kMaximumTypes - types_.size()) {
    return fail(make_error([] {
      return Error::of(ErrorKind::limit, "too many types in the engine: the limit is " + decimal(kMaximumTypes));
    }));
  }
  CAIRN_TRY(ensure_table());
  constexpr size_t kStep = 16 * Platform::kPageSize;
  const size_t wanted = ((types_.size() + more_types) * sizeof(abi::VMTypeInfo*) + kStep - 1) / kStep * kStep;
  if (wanted > committed_bytes_) {
    CAIRN_TRY(Platform::commit(table_.subspan(committed_bytes_, wanted - committed_bytes_)));
    committed_bytes_ = wanted;
  }
  return {};
}

void* TypeRegistry::allocate_info(size_t bytes) {
  constexpr size_t kChunk = 16 * 1024;
  bytes = (bytes + alignof(abi::VMTypeInfo) - 1) & ~(alignof(abi::VMTypeInfo) - 1);
  if (bytes > free_infos_.size()) {
    const size_t size = std::max(bytes, kChunk);
    std::unique_ptr<std::byte[]> chunk(infos_.try_reserve_more(1) ? new (std::nothrow) std::byte[size] : nullptr);
    if (chunk == nullptr) return nullptr;
    free_infos_ = {chunk.get(), size};
    infos_.push_back_within_capacity(std::move(chunk));
  }
  void* memory = free_infos_.data();
  free_infos_ = free_infos_.subspan(bytes);
  return memory;
}

// Describes a type; returns null when there is no memory. All types of its group are in types_, and the type's
// supertypes have been described before.
const abi::VMTypeInfo* TypeRegistry::describe(uint32_t id) {
  const SubType& type = types_[id];
  const abi::VMTypeInfo* super = type.supertype ? table()[type.supertype->index()] : nullptr;
  const uint32_t depth = super != nullptr ? super->depth + 1 : 0;
  const uint32_t display = std::max(depth + 1, abi::kMinimumDisplay);
  auto* info = static_cast<abi::VMTypeInfo*>(
      allocate_info(sizeof(abi::VMTypeInfo) + (display - abi::kMinimumDisplay) * sizeof(uint32_t)));
  if (info == nullptr) return nullptr;
  std::construct_at(info);
  info->depth = depth;
  uint32_t* ancestors = info->ancestors;
  for (uint32_t i = 0; i < display; ++i)
    ancestors[i] = i < depth ? super->display()[i] : i == depth ? id : abi::kNoType;

  const auto is_function = [&](TypeIndex index) { return types_[index.index()].kind == SubType::Kind::func; };
  if (type.kind == SubType::Kind::array) {
    const abi::FieldStorage element = abi::storage_of(type.fields[0], is_function);
    info->kind = abi::ObjectKind::array;
    info->size = element.size;
    info->reference_count = element.is_reference ? 1 : 0;
    return info;
  }
  const bool is_struct = type.kind == SubType::Kind::struct_;
  info->kind = is_struct ? abi::ObjectKind::structure : abi::ObjectKind::exception;
  // Calls use(offset, storage) for each field in order and returns the object's size.
  const auto for_each_field = [&](auto&& use) {
    abi::FieldLayout layout(is_struct ? uint32_t{sizeof(abi::VMObject)} : abi::kExceptionPayloadOffset);
    const auto place = [&](abi::FieldStorage storage) { use(layout.place(storage), storage); };
    if (is_struct) {
      for (const wasm::FieldType& field : type.fields) place(abi::storage_of(field, is_function));
    } else {
      for (ValType parameter : type.func.params) place(abi::storage_of(parameter, is_function));
    }
    return layout.size();
  };
  uint32_t references = 0;
  info->size = for_each_field([&](uint32_t, const abi::FieldStorage& storage) { references += storage.is_reference; });
  info->reference_count = references;
  if (references != 0) {
    auto* kept = static_cast<uint32_t*>(allocate_info(references * sizeof(uint32_t)));
    if (kept == nullptr) return nullptr;
    info->references = kept;
    for_each_field([&](uint32_t offset, const abi::FieldStorage& storage) {
      if (storage.is_reference) *kept++ = offset;
    });
  }
  return info;
}

std::optional<uint32_t> TypeRegistry::find_group(const std::string& key) const {
  const auto position =
      group_index_.find(hash_of(key.data(), key.size()), [&](uint32_t i) { return groups_[i].key == key; });
  return position ? std::optional(groups_[*position].first) : std::nullopt;
}

// Returns the id of the group's first type, and registers the group if it is new. After a failure no type of the group
// is registered; only memory allocated for descriptions remains.
Result<uint32_t> TypeRegistry::register_group(RolledUp group) {
  if (const auto known = find_group(group.key)) return *known;
  CAIRN_TRY(make_room(group.types.size()));
  const auto base = static_cast<uint32_t>(types_.size());
  const auto give_up = [&] {
    types_.truncate(base);
    return fail(out_of_memory("the engine's types"));
  };
  if (!groups_.try_reserve_more(1) || !group_index_.try_reserve_more(1)) return give_up();
  for (SubType& type : group.types) {
    rewrite_types(type, [&](uint32_t i) { return (i & kInGroup) != 0 ? base + (i & ~kInGroup) : i; });
    type.group_begin = base;
    type.group_end = base + static_cast<uint32_t>(group.types.size());
    if (types_.try_emplace_back(std::move(type)) == nullptr) return give_up();
  }
  auto** infos = reinterpret_cast<const abi::VMTypeInfo**>(table_.data());
  for (uint32_t id = base; id < types_.size(); ++id) {
    infos[id] = describe(id);
    if (infos[id] == nullptr) return give_up();
  }
  group_index_.add_within_capacity(hash_of(group.key.data(), group.key.size()), static_cast<uint32_t>(groups_.size()));
  groups_.push_back_within_capacity({std::move(group.key), base});
  return base;
}

Result<TryVector<CanonicalId>> TypeRegistry::canonicalize(std::span<const SubType> types) {
  const SystemAccountScope account;
  TryVector<CanonicalId> ids;
  if (!ids.try_reserve(types.size())) return fail(out_of_memory("a module's types"));
  while (ids.size() < types.size()) {
    const auto begin = static_cast<uint32_t>(ids.size());
    const uint32_t end = types[begin].group_end;
    const uint32_t base = CAIRN_TRY(register_group(CAIRN_TRY(run_operation([&] {
      RolledUp group;
      group.types.reserve(end - begin);
      for (uint32_t i = begin; i < end; ++i) {
        group.types.push_back(types[i]);
        rewrite_types(group.types.back(),
                      [&](uint32_t index) { return index >= begin ? kInGroup | (index - begin) : ids[index].index(); });
        append_sub_type(group.key, group.types.back());
      }
      return group;
    }))));
    for (uint32_t i = begin; i < end; ++i) ids.push_back_within_capacity(CanonicalId(base + (i - begin)));
  }
  return ids;
}

Result<CanonicalId> TypeRegistry::canonicalize(const wasm::FuncType& type) {
  const SystemAccountScope account;
  RolledUp group = CAIRN_TRY(run_operation([&] {
    RolledUp made;
    made.types.emplace_back().func = type;
    append_sub_type(made.key, made.types.back());
    return made;
  }));
  return CanonicalId(CAIRN_TRY(register_group(std::move(group))));
}

bool TypeRegistry::is_subtype(CanonicalId sub, CanonicalId super) const {
  const abi::VMTypeInfo& info = *table()[sub.index()];
  const uint32_t depth = table()[super.index()]->depth;
  return depth <= info.depth && info.display()[depth] == super.index();
}

bool TypeRegistry::is_subtype(HeapType sub, HeapType super) const {
  if (sub == super) return true;
  if (sub.is_concrete() && super.is_concrete()) {
    return is_subtype(CanonicalId(sub.index().index()), CanonicalId(super.index().index()));
  }
  // Returns the abstract heap type directly above a defined type, and other heap types unchanged.
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
    // The only abstract heap types below a defined type are bottom types.
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

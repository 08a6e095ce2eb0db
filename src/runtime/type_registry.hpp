// Canonical types: each distinct type has one number in the whole engine, so that types of different modules compare by
// one integer. [wasm 3.1.3] defines equality: recursive groups are equal when they are equal after rolling up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "abi/heap_layout.hpp"
#include "base/id.hpp"
#include "base/result.hpp"
#include "base/try_deque.hpp"
#include "base/try_index.hpp"
#include "base/try_vector.hpp"
#include "wasm/types/types.hpp"

namespace cairn::runtime {

using CanonicalId = Id<struct CanonicalIdTag>;

// Types in the registry are in canonical form: their type indices are canonical ids.
class TypeRegistry {
 public:
  static constexpr uint32_t kMaximumTypes =
      1U << 22;  // limit for one engine; the table below takes 8 bytes of address space for each type

  TypeRegistry() = default;
  ~TypeRegistry();
  TypeRegistry(const TypeRegistry&) = delete;
  TypeRegistry& operator=(const TypeRegistry&) = delete;

  // Returns the canonical ids of a validated module's types, in order. Registers new types. Fails at the limit above or
  // for lack of memory.
  Result<TryVector<CanonicalId>> canonicalize(std::span<const wasm::SubType> types);
  // Returns the id of a final function type without supertypes. Its value types must be canonical or abstract.
  Result<CanonicalId> canonicalize(const wasm::FuncType& type);

  // The table of type descriptions for compiled code and the collector, by id: VMContext::types. Its address never
  // changes, and entries of registered types may be read without the registry's lock. Null until the first type is
  // registered or ensure_table() reserves it.
  [[nodiscard]] const abi::VMTypeInfo* const* table() const {
    return reinterpret_cast<const abi::VMTypeInfo* const*>(table_.data());
  }
  Result<const abi::VMTypeInfo* const*> ensure_table();

  // The reference is valid as long as the registry.
  [[nodiscard]] const wasm::SubType& operator[](CanonicalId id) const { return types_[id.index()]; }
  [[nodiscard]] uint32_t size() const { return static_cast<uint32_t>(types_.size()); }

  // Subtyping [wasm 3.3] of defined types, heap types and value types in canonical form.
  [[nodiscard]] bool is_subtype(CanonicalId sub, CanonicalId super) const;
  [[nodiscard]] bool is_subtype(wasm::HeapType sub, wasm::HeapType super) const;
  [[nodiscard]] bool is_subtype(wasm::ValType sub, wasm::ValType super) const;

  // Converts a module's type to canonical form.
  static wasm::ValType canonical(wasm::ValType type, std::span<const CanonicalId> ids);

 private:
  // A recursive group before it is registered, in the form in which equal groups are identical.
  struct RolledUp {
    std::vector<wasm::SubType> types;  // type indices are canonical, or positions in the group
    std::string key;
  };
  struct Group {
    std::string key;
    uint32_t first;  // id
  };
  Result<uint32_t> register_group(RolledUp group);
  [[nodiscard]] std::optional<uint32_t> find_group(const std::string& key) const;
  Result<void> make_room(size_t more_types);
  // Makes the description of a type; null if there is no memory.
  [[nodiscard]] const abi::VMTypeInfo* describe(uint32_t id);
  void* allocate_info(size_t bytes);

  TryDeque<wasm::SubType> types_;
  std::span<std::byte> table_;  // reserved address space of an array of VMTypeInfo*
  size_t committed_bytes_ = 0;  // of it
  // Memory of the descriptions (VMTypeInfo and the arrays they point to): chunks, and the unused rest of the last
  // chunk.
  TryVector<std::unique_ptr<std::byte[]>> infos_;
  std::span<std::byte> free_infos_;
  TryVector<Group> groups_;
  TryIndex group_index_;  // by the hash of the key
};

}  // namespace cairn::runtime

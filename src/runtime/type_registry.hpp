// TypeRegistry gives each distinct type one number in the whole engine, its canonical id, so that types of different
// modules compare by one integer. [wasm 3.1.3] defines equality: recursive groups are equal when they are equal after
// rolling up, which replaces each reference to a type of the same group by the type's position in the group.
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
  // The largest number of types in one engine. Each type takes 8 bytes of the address space of table_.
  static constexpr uint32_t kMaximumTypes = 1U << 22;

  TypeRegistry() = default;
  ~TypeRegistry();
  TypeRegistry(const TypeRegistry&) = delete;
  TypeRegistry& operator=(const TypeRegistry&) = delete;

  // Returns the canonical ids of a validated module's types, in order. Registers new types. Fails when there would be
  // more than kMaximumTypes types, or for lack of memory.
  Result<TryVector<CanonicalId>> canonicalize(std::span<const wasm::SubType> types);
  // Returns the id of the final function type without supertypes that has these parameters and results. Their heap
  // types must be canonical or abstract.
  Result<CanonicalId> canonicalize(const wasm::FuncType& type);

  // Returns the table of type descriptions for compiled code and the collector, indexed by canonical id:
  // VMContext::types. The table never moves, and entries of registered types may be read without the registry's lock.
  // The result is null until the first type is registered or ensure_table() reserves the table.
  [[nodiscard]] const abi::VMTypeInfo* const* table() const {
    return reinterpret_cast<const abi::VMTypeInfo* const*>(table_.data());
  }
  Result<const abi::VMTypeInfo* const*> ensure_table();

  // Returns the definition of a type. The reference is valid as long as the registry.
  [[nodiscard]] const wasm::SubType& operator[](CanonicalId id) const { return types_[id.index()]; }
  [[nodiscard]] uint32_t size() const { return static_cast<uint32_t>(types_.size()); }

  // Whether `sub` is a subtype of `super` ([wasm 3.3]): for defined types, heap types and value types in canonical
  // form.
  [[nodiscard]] bool is_subtype(CanonicalId sub, CanonicalId super) const;
  [[nodiscard]] bool is_subtype(wasm::HeapType sub, wasm::HeapType super) const;
  [[nodiscard]] bool is_subtype(wasm::ValType sub, wasm::ValType super) const;

  // Converts a module's type to canonical form. `ids` are the canonical ids of the module's types, by type index.
  static wasm::ValType canonical(wasm::ValType type, std::span<const CanonicalId> ids);

 private:
  // A recursive group before it is registered, in the form in which equal groups are identical.
  struct RolledUp {
    std::vector<wasm::SubType> types;  // their type indices are canonical ids, or positions in the group
    std::string key;                   // all types as bytes; equal groups have equal keys
  };
  struct Group {
    std::string key;
    uint32_t first;  // canonical id of the group's first type
  };
  Result<uint32_t> register_group(RolledUp group);
  [[nodiscard]] std::optional<uint32_t> find_group(const std::string& key) const;
  // Makes room for new types in table_. Fails beyond kMaximumTypes, or for lack of memory.
  Result<void> make_room(size_t more_types);
  // Makes the description of a type; null if there is no memory.
  [[nodiscard]] const abi::VMTypeInfo* describe(uint32_t id);
  void* allocate_info(size_t bytes);  // returns memory for descriptions; null if there is none

  TryDeque<wasm::SubType> types_;
  std::span<std::byte> table_;  // reserved address space of an array of VMTypeInfo*
  size_t committed_bytes_ = 0;  // number of bytes of table_ that are committed
  // The memory of the descriptions (VMTypeInfo and the arrays that they point to): infos_ are its chunks, and
  // free_infos_ is the unused part of the last chunk.
  TryVector<std::unique_ptr<std::byte[]>> infos_;
  std::span<std::byte> free_infos_;
  TryVector<Group> groups_;
  TryIndex group_index_;  // positions in groups_ by the hash of the key
};

}  // namespace cairn::runtime

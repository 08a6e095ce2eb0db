// Linker resolves a module's imports by module and name, and instantiates the module. A linker belongs to one store.
#pragma once

#include <string_view>
#include <vector>

#include "base/try_index.hpp"
#include "base/try_string.hpp"
#include "base/try_vector.hpp"
#include "runtime/calls/func.hpp"
#include "runtime/instantiate.hpp"
#include "runtime/store.hpp"

namespace cairn::runtime {

class Linker {
 public:
  explicit Linker(Store& store) : store_(store) {}

  // If `allow` is true, a definition of an existing name replaces the earlier definition. If false, such a definition
  // is an error.
  void allow_shadowing(bool allow) { allow_shadowing_ = allow; }

  // Adds a definition. Fails with a link error if the definition belongs to another store, or if the name exists and
  // shadowing is not allowed ("Name m::n is already defined").
  Result<void> define(std::string_view module, std::string_view name, const Extern& item);
  // Makes a host function of the callable (wrap_function) and defines it.
  template <class Callable>
  Result<void> define_function(std::string_view module, std::string_view name, Callable callable) {
    return define(module, name, CAIRN_TRY(wrap_function(store_, std::move(callable))));
  }
  // Defines all entries, which are sorted by name, under `module`. An entry becomes a function of the store when a
  // module imports it. `data` has the type that the entries' functions take, and outlives the store.
  Result<void> define_entries(std::string_view module, std::span<const HostEntry> entries, void* data);
  // Defines the exports of the instance under `module`, all or none.
  Result<void> define_instance(std::string_view module, Instance instance);
  // Defines everything that is defined under `from` also under `to`, all or none.
  Result<void> alias_module(std::string_view from, std::string_view to);

  // Whether there is a definition or an entry with this name.
  [[nodiscard]] bool provides(std::string_view module, std::string_view name) const;

  // Resolves each import in order and instantiates the module. The link errors are "Missing <kind> import m::n" and
  // "incompatible import type for m::n: ..." with both types.
  Outcome<Instance> instantiate(const Ref<Module>& module);

  // Resolves and checks the imports as instantiate() does, and returns them.
  Result<std::vector<Extern>> resolve(const Module& module);

 private:
  struct Definition {
    TryString module, name;
    Extern item;
  };
  // The entries of one call of define_entries().
  struct EntryTable {
    TryString module;
    std::span<const HostEntry> entries;
    void* data = nullptr;
  };
  struct FoundEntry {
    const HostEntry* entry = nullptr;
    void* data = nullptr;
  };
  [[nodiscard]] std::optional<FoundEntry> find_entry(std::string_view module, std::string_view name) const;
  // Makes a function of each entry that the module imports.
  Result<void> bind_entries(const Module& module);
  // Adds a definition whose store and name have been checked.
  Result<void> add(std::string_view module, std::string_view name, const Extern& item);
  // Returns the position of a definition in definitions_.
  [[nodiscard]] std::optional<uint32_t> find(std::string_view module, std::string_view name) const;
  // Fails if the name has a definition or an entry and shadowing is not allowed.
  Result<void> check_free(std::string_view module, std::string_view name) const;
  // Adds a definition, or replaces the earlier definition of the same name. The caller has made room for a new
  // definition.
  void put(Definition definition);
  // Makes room for `more` new definitions. Returns false if there is no memory.
  [[nodiscard]] bool try_reserve_more(size_t more);

  Store& store_;
  bool allow_shadowing_ = false;
  TryVector<Definition> definitions_;
  TryIndex index_;  // positions in definitions_ by the hash of module and name
  TryVector<EntryTable> tables_;
};

}  // namespace cairn::runtime

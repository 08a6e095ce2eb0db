#include "runtime/linker.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/operation.hpp"

namespace cairn::runtime {

namespace {

std::string limits_text(const wasm::Limits& limits) {
  return "{min " + decimal(limits.minimum) + (limits.maximum ? ", max " + decimal(*limits.maximum) : "") + "}";
}
std::string text(const wasm::GlobalType& type) {
  const std::string value = wasm::to_string(type.type);
  return "global " + (type.mutability == wasm::Mutability::mutable_ ? "(mut " + value + ")" : value);
}
std::string text(const wasm::TableType& type) {
  return std::string("table ") + (type.address == wasm::AddressType::i64 ? "i64 " : "") + limits_text(type.limits) +
         " " + wasm::to_string(type.element);
}
std::string text(const wasm::MemoryType& type) {
  std::string result = "memory ";
  if (type.address == wasm::AddressType::i64) result += "i64 ";
  result += limits_text(type.limits);
  if (type.sharedness == wasm::Sharedness::shared) result += " shared";
  if (type.page_size_log2 != 16) result += " (pagesize " + decimal(uint64_t{1} << type.page_size_log2) + ")";
  return result;
}

// Whether limits match ([wasm 3.3.11]). `current` is the current size of the table or memory, which counts as its
// minimum.
bool limits_fit(uint64_t current, const wasm::Limits& actual, const wasm::Limits& wanted) {
  if (current < wanted.minimum) return false;
  return !wanted.maximum || (actual.maximum && *actual.maximum <= *wanted.maximum);
}

// Checks whether definitions fit a module's imports. The error states both types.
class ImportChecker {
 public:
  ImportChecker(Store& store, const Module& module)
      : store_(store), module_(module), definition_(module.definition()) {}

  Result<void> check(const wasm::Import& import, const Extern& item) {
    const auto actual_kind = static_cast<wasm::ExternKind>(item.index());
    if (actual_kind != import.kind) {
      return incompatible(import, wasm::to_string(import.kind), wasm::to_string(actual_kind));
    }
    switch (import.kind) {
      case wasm::ExternKind::func: return check_function(import, std::get<Func>(item));
      case wasm::ExternKind::table: return check_table(import, store_[std::get<Table>(item)]);
      case wasm::ExternKind::memory: return check_memory(import, store_[std::get<Memory>(item)]);
      case wasm::ExternKind::global: return check_global(import, store_[std::get<Global>(item)]);
      case wasm::ExternKind::tag: return check_tag(import, store_[std::get<Tag>(item)]);
    }
    CAIRN_UNREACHABLE();
  }

 private:
  Result<void> incompatible(const wasm::Import& import, const std::string& wanted, const std::string& found) {
    return fail(Error::of(ErrorKind::link, "incompatible import type for " + import.module + "::" + import.name +
                                               ": wanted " + wanted + ", found " + found));
  }

  // Calls f(TypeRegistry&) with the types locked. `f` must not allocate: the caller is inside run_operation(), which
  // may abandon it at any allocation and would leave the lock held.
  template <class F>
  decltype(auto) with_types(F&& f) {
    return store_.engine().types().with(std::forward<F>(f));
  }

  Result<void> check_function(const wasm::Import& import, Func function) {
    const CanonicalId wanted = module_.type_id(wasm::FuncIndex(import.index));
    const CanonicalId actual(store_[function].type_id);
    const bool fits = with_types([&](TypeRegistry& types) { return types.is_subtype(actual, wanted); });
    if (fits) return {};
    const auto text_of = [&](CanonicalId id) {
      return "function " +
             wasm::to_string(with_types([&](TypeRegistry& types) -> const wasm::FuncType& { return types[id].func; }));
    };
    return incompatible(import, text_of(wanted), text_of(actual));
  }

  Result<void> check_table(const wasm::Import& import, const TableObject& table) {
    wasm::TableType wanted = definition_.tables[import.index].type;
    wanted.element = module_.canonical(wanted.element);
    wasm::TableType actual = table.type;
    actual.limits.minimum = table.vm->length;
    if (actual.element == wanted.element && actual.address == wanted.address &&
        limits_fit(table.vm->length, actual.limits, wanted.limits)) {
      return {};
    }
    return incompatible(import, text(wanted), text(actual));
  }

  Result<void> check_memory(const wasm::Import& import, const MemoryObject& memory) {
    const wasm::MemoryType& wanted = definition_.memories[import.index].type;
    wasm::MemoryType actual = memory.type;
    actual.limits.minimum = memory.pages();
    if (actual.address == wanted.address && actual.sharedness == wanted.sharedness &&
        actual.page_size_log2 == wanted.page_size_log2 && limits_fit(memory.pages(), actual.limits, wanted.limits)) {
      return {};
    }
    return incompatible(import, text(wanted), text(actual));
  }

  Result<void> check_global(const wasm::Import& import, const GlobalObject& global) {
    wasm::GlobalType wanted = definition_.globals[import.index].type;
    wanted.type = module_.canonical(wanted.type);
    const bool fits = global.type.mutability == wanted.mutability && with_types([&](TypeRegistry& types) {
                        return wanted.mutability == wasm::Mutability::mutable_
                                   ? global.type.type == wanted.type
                                   : types.is_subtype(global.type.type, wanted.type);
                      });
    if (fits) return {};
    return incompatible(import, text(wanted), text(global.type));
  }

  Result<void> check_tag(const wasm::Import& import, const TagObject& tag) {
    const CanonicalId wanted = module_.type_ids()[definition_.tags[import.index].type.type.index()];
    if (tag.type == wanted) return {};
    return incompatible(import, "tag of type " + decimal(wanted.index()), "tag of type " + decimal(tag.type.index()));
  }

  Store& store_;
  const Module& module_;
  const wasm::Module& definition_;
};

}  // namespace

namespace {

uint64_t hash_of_key(std::string_view module, std::string_view name) {
  // 0xff marks the end of the module name, so that the hashes of ("a", "bc") and ("ab", "c") differ.
  return hash_of(name.data(), name.size(), hash_of(module.data(), module.size()) ^ 0xff);
}

}  // namespace

std::optional<uint32_t> Linker::find(std::string_view module, std::string_view name) const {
  return index_.find(hash_of_key(module, name), [&](uint32_t i) {
    return definitions_[i].module.view() == module && definitions_[i].name.view() == name;
  });
}

std::optional<Linker::FoundEntry> Linker::find_entry(std::string_view module, std::string_view name) const {
  for (const EntryTable& table : tables_) {
    if (table.module.view() != module) continue;
    const auto found = std::ranges::lower_bound(table.entries, name, {}, &HostEntry::name);
    if (found != table.entries.end() && found->name == name) return FoundEntry{&*found, table.data};
  }
  return std::nullopt;
}

Result<void> Linker::check_free(std::string_view module, std::string_view name) const {
  if (allow_shadowing_ || !provides(module, name)) return {};
  return fail(make_error([&] {
    return Error::of(ErrorKind::link, "Name " + std::string(module) + "::" + std::string(name) + " is already defined");
  }));
}

bool Linker::try_reserve_more(size_t more) {
  return definitions_.try_reserve_more(more) && index_.try_reserve_more(more);
}

void Linker::put(Definition definition) {
  if (const auto known = find(definition.module, definition.name)) {
    definitions_[*known].item = definition.item;
    return;
  }
  index_.add_within_capacity(hash_of_key(definition.module, definition.name),
                             static_cast<uint32_t>(definitions_.size()));
  definitions_.push_back_within_capacity(std::move(definition));
}

Result<void> Linker::define(std::string_view module, std::string_view name, const Extern& item) {
  if (!store_.owns(item)) {
    return fail(make_error([&] {
      return Error::of(ErrorKind::link,
                       "the definition of " + std::string(module) + "::" + std::string(name) + " is of another store");
    }));
  }
  CAIRN_TRY(check_free(module, name));
  return add(module, name, item);
}

Result<void> Linker::add(std::string_view module, std::string_view name, const Extern& item) {
  Definition definition{{}, {}, item};
  if (!try_reserve_more(1) || !definition.module.try_assign(module) || !definition.name.try_assign(name)) {
    return fail(out_of_memory("a definition"));
  }
  put(std::move(definition));
  return {};
}

Result<void> Linker::define_entries(std::string_view module, std::span<const HostEntry> entries, void* data) {
  CAIRN_DEBUG_ASSERT(std::ranges::is_sorted(entries, {}, &HostEntry::name));
  EntryTable table{{}, entries, data};
  if (!table.module.try_assign(module) || !tables_.try_push_back(std::move(table))) {
    return fail(out_of_memory("definitions"));
  }
  return {};
}

Result<void> Linker::define_instance(std::string_view module, Instance instance) {
  if (!store_.owns(instance)) {
    return fail(make_error([&] {
      return Error::of(ErrorKind::link, "the instance for " + std::string(module) + " is of another store");
    }));
  }
  const std::vector<wasm::Export>& exports = module_of(store_, instance).definition().exports;
  TryVector<Definition> added;
  if (!added.try_reserve(exports.size()) || !try_reserve_more(exports.size()))
    return fail(out_of_memory("definitions"));
  for (size_t i = 0; i < exports.size(); ++i) {
    CAIRN_TRY(check_free(module, exports[i].name));
    Definition definition{{}, {}, get_export(store_, instance, i)};
    if (!definition.module.try_assign(module) || !definition.name.try_assign(exports[i].name))
      return fail(out_of_memory("a definition"));
    added.push_back_within_capacity(std::move(definition));
  }
  for (Definition& definition : added) put(std::move(definition));
  return {};
}

Result<void> Linker::alias_module(std::string_view from, std::string_view to) {
  TryVector<Definition> added;
  for (const Definition& known : definitions_) {
    if (known.module.view() != from) continue;
    CAIRN_TRY(check_free(to, known.name));
    Definition definition{{}, {}, known.item};
    if (!definition.module.try_assign(to) || !definition.name.try_assign(known.name) ||
        !added.try_push_back(std::move(definition))) {
      return fail(out_of_memory("a definition"));
    }
  }
  TryVector<EntryTable> tables;
  for (const EntryTable& known : tables_) {
    if (known.module.view() != from) continue;
    EntryTable table{{}, known.entries, known.data};
    if (!table.module.try_assign(to) || !tables.try_push_back(std::move(table))) {
      return fail(out_of_memory("definitions"));
    }
  }
  if (!try_reserve_more(added.size()) || !tables_.try_reserve_more(tables.size())) {
    return fail(out_of_memory("definitions"));
  }
  for (Definition& definition : added) put(std::move(definition));
  for (EntryTable& table : tables) tables_.push_back_within_capacity(std::move(table));
  return {};
}

bool Linker::provides(std::string_view module, std::string_view name) const {
  return find(module, name) || find_entry(module, name);
}

Result<void> Linker::bind_entries(const Module& module) {
  for (const wasm::Import& import : module.definition().imports) {
    if (find(import.module, import.name)) continue;
    const std::optional<FoundEntry> found = find_entry(import.module, import.name);
    if (found) CAIRN_TRY(add(import.module, import.name, CAIRN_TRY(bind(store_, *found->entry, found->data))));
  }
  return {};
}

Result<std::vector<Extern>> Linker::resolve(const Module& module) {
  CAIRN_TRY(bind_entries(module));
  return run_operation([&]() -> Result<std::vector<Extern>> {
    std::vector<Extern> items;
    ImportChecker checker(store_, module);
    for (const wasm::Import& import : module.definition().imports) {
      const auto found = find(import.module, import.name);
      if (!found) {
        return fail(Error::of(ErrorKind::link, std::string("Missing ") + wasm::to_string(import.kind) + " import " +
                                                   import.module + "::" + import.name));
      }
      CAIRN_TRY(checker.check(import, definitions_[*found].item));
      items.push_back(definitions_[*found].item);
    }
    return items;
  });
}

Outcome<Instance> Linker::instantiate(const Ref<Module>& module) {
  if (&module->engine() != &store_.engine()) {
    return std::unexpected(Failure{
        std::nullopt, make_error([] { return Error::of(ErrorKind::link, "the module is of another engine"); })});
  }
  Result<std::vector<Extern>> imports = resolve(*module);
  if (!imports) return std::unexpected(Failure{std::nullopt, std::move(imports.error())});
  return instantiate_unchecked(store_, module, *imports);
}

}  // namespace cairn::runtime

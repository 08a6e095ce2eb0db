// Making an instance of a module from imports that have been resolved.
#pragma once

#include <span>

#include "runtime/store.hpp"
#include "runtime/value.hpp"

namespace cairn::runtime {

// Instantiates with one Extern for each import, in order; they must have been type-checked (Linker::instantiate does).
// Order as in the specification ([wasm 4.7.3]): globals, tables with their initial values, element segments, data
// segments, start function. An error before any of that is visible leaves the store as it was; after a trap in a
// segment or in the start function what was written stays written.
Outcome<Instance> instantiate_unchecked(Store& store, Ref<Module> module, std::span<const Extern> imports);

// --- looking into an instance
[[nodiscard]] const Module& module_of(Store& store, Instance instance);
// By position in the export section; the same handle each time. Re-exports are the original definition.
[[nodiscard]] Extern get_export(Store& store, Instance instance, size_t position);
[[nodiscard]] std::optional<Extern> get_export(Store& store, Instance instance, std::string_view name);
template <class T>
[[nodiscard]] std::optional<T> get_export_as(Store& store, Instance instance, std::string_view name) {
  const std::optional<Extern> item = get_export(store, instance, name);
  if (!item || !std::holds_alternative<T>(*item)) return std::nullopt;
  return std::get<T>(*item);
}
// Every field of the instance's VMContext as text, one a line.
[[nodiscard]] std::string describe_context(Store& store, Instance instance);

}  // namespace cairn::runtime

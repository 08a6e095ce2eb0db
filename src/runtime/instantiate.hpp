// Makes an instance of a module from imports that have been resolved.
#pragma once

#include <span>

#include "runtime/store.hpp"
#include "runtime/value.hpp"

namespace cairn::runtime {

// Instantiates a module. `imports` has one Extern for each import, in order; the caller has checked their types
// (Linker::instantiate does). The order of the steps is the specification's ([wasm 4.7.2]): globals, tables with their
// initial values, element segments, data segments, start function. If an error occurs before any step has a visible
// effect, the store stays as it was. After a trap in a segment or in the start function, everything that was written
// stays written.
Outcome<Instance> instantiate_unchecked(Store& store, Ref<Module> module, std::span<const Extern> imports);

// --- These functions give access to the parts of an instance.
[[nodiscard]] const Module& module_of(Store& store, Instance instance);
// Returns the export at `position` of the export section. Each call returns the same handle. For an import that is
// exported again, the handle is that of the original definition.
[[nodiscard]] Extern get_export(Store& store, Instance instance, size_t position);
// Returns the export of this name; nothing if there is none.
[[nodiscard]] std::optional<Extern> get_export(Store& store, Instance instance, std::string_view name);
// Does the same, but returns nothing if the export is not a T.
template <class T>
[[nodiscard]] std::optional<T> get_export_as(Store& store, Instance instance, std::string_view name) {
  const std::optional<Extern> item = get_export(store, instance, name);
  if (!item || !std::holds_alternative<T>(*item)) return std::nullopt;
  return std::get<T>(*item);
}
// Describes the contents of the instance's VMContext as text, with one field on each line.
[[nodiscard]] std::string describe_context(Store& store, Instance instance);

}  // namespace cairn::runtime

#include "runtime/heap/host_access.hpp"

#include <array>
#include <cstring>

#include "abi/field_layout.hpp"
#include "base/operation.hpp"
#include "runtime/calls/func.hpp"

namespace cairn::runtime {

namespace {

std::unexpected<Error> refuse(std::string_view why) {
  return fail(make_error([&] { return Error::of(ErrorKind::usage, std::string(why)); }));
}

// A field or element of an object. It is valid until the next collection.
struct Place {
  abi::HeapReference object = abi::kNullReference;
  uint32_t offset = 0;
  abi::FieldStorage storage;
  wasm::FieldType type;
};

Result<abi::HeapReference> object_of(Store& store, const Val& value, abi::ObjectKind kind) {
  if (value.form() != Val::Form::handle) return refuse("the value is not a reference to an object");
  const abi::HeapReference object = store.heap()->roots()[value.low()];
  if (!is_object(object) || store.heap()->at(object).kind != kind) return refuse("the object is of another kind");
  return object;
}

Result<Place> field_of(Store& store, const Val& value, uint32_t field) {
  const abi::HeapReference object = CAIRN_TRY(object_of(store, value, abi::ObjectKind::structure));
  return store.engine().types().with([&](TypeRegistry& types) -> Result<Place> {
    const auto& fields = types[CanonicalId(store.heap()->at(object).type_id)].fields;
    if (field >= fields.size()) return refuse("the structure has no such field");
    const auto is_function = [&](wasm::TypeIndex index) {
      return types[CanonicalId(index.index())].kind == wasm::SubType::Kind::func;
    };
    abi::FieldLayout layout;
    Place place{.object = object, .offset = 0, .storage = {}, .type = fields[field]};
    for (uint32_t i = 0; i <= field; ++i) {
      place.storage = abi::storage_of(fields[i], is_function);
      place.offset = layout.place(place.storage);
    }
    return place;
  });
}

Result<Place> element_of(Store& store, const Val& value, uint32_t index) {
  const abi::HeapReference object = CAIRN_TRY(object_of(store, value, abi::ObjectKind::array));
  const Heap& heap = *store.heap();
  if (index >= heap.at<abi::VMArray>(object).length) return refuse("the array has no such element");
  const abi::VMTypeInfo& info = heap.type_of(object);
  const auto size = static_cast<uint8_t>(info.size);
  return store.engine().types().with([&](TypeRegistry& types) -> Result<Place> {
    return Place{.object = object,
                 .offset = abi::array_data_offset(size) + index * size,
                 .storage = {.size = size, .is_reference = info.reference_count != 0},
                 .type = types[CanonicalId(heap.at(object).type_id)].fields[0]};
  });
}

Result<Val> load(Store& store, const Place& place) {
  std::array<std::byte, 16> slot{};
  std::memcpy(slot.data(), store.heap()->base() + place.object + place.offset, place.storage.size);
  return store.load(place.type.type, slot.data());
}

// Stores `value` in the place that `find` returns. `find` is called again after the value is prepared, because
// preparing may collect.
template <class Find>
Result<void> assign(Store& store, const Val& value, Find&& find) {
  const wasm::FieldType type = CAIRN_TRY(find()).type;
  if (type.mutability == wasm::Mutability::immutable) return refuse("the field is immutable");
  if (!fits(store, value, type.type)) return refuse("the value does not fit the field's type");
  const HandleScope scope(store);
  Val prepared = value;
  CAIRN_TRY(store.prepare(prepared));
  const Place place = CAIRN_TRY(find());
  std::array<std::byte, 16> slot{};
  store.save(prepared, slot.data());
  std::memcpy(store.heap()->base() + place.object + place.offset, slot.data(), place.storage.size);
  if (place.storage.is_reference) store.heap()->remember(place.object, place.offset);
  return {};
}

}  // namespace

Result<Val> get_field(Store& store, const Val& object, uint32_t field) {
  return load(store, CAIRN_TRY(field_of(store, object, field)));
}

Result<void> set_field(Store& store, const Val& object, uint32_t field, const Val& value) {
  return assign(store, value, [&] { return field_of(store, object, field); });
}

Result<uint32_t> array_length(Store& store, const Val& array) {
  return store.heap()->at<abi::VMArray>(CAIRN_TRY(object_of(store, array, abi::ObjectKind::array))).length;
}

Result<Val> get_element(Store& store, const Val& array, uint32_t index) {
  return load(store, CAIRN_TRY(element_of(store, array, index)));
}

Result<void> set_element(Store& store, const Val& array, uint32_t index, const Val& value) {
  return assign(store, value, [&] { return element_of(store, array, index); });
}

}  // namespace cairn::runtime

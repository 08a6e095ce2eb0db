// Functions by which the host reads and writes fields of structs and elements of arrays. The host names objects by
// values that a guest handed out (Val).
//
// The functions fail with a usage error if the value is null or not an object of the right kind, there is no such field
// or element, a field to be set is immutable, or the new value does not fit the field's type. A packed field reads as
// an i32, zero-extended. Fields and elements are counted from 0. The functions fail with a resource error if there is
// no memory for a handle or a new object. Setting may collect.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "runtime/store.hpp"
#include "runtime/value.hpp"

namespace cairn::runtime {

Result<Val> get_field(Store& store, const Val& object, uint32_t field);
Result<void> set_field(Store& store, const Val& object, uint32_t field, const Val& value);

Result<uint32_t> array_length(Store& store, const Val& array);
Result<Val> get_element(Store& store, const Val& array, uint32_t index);
Result<void> set_element(Store& store, const Val& array, uint32_t index, const Val& value);

}  // namespace cairn::runtime

// Reads types in the binary format ([wasm 5.3]). The decoder (type section, imports, ...) and the validator (block
// types, select, casts) share these functions. Each returns false when it fails; the reader then holds the error.
#pragma once

#include "wasm/byte_reader.hpp"
#include "wasm/types/features.hpp"
#include "wasm/types/types.hpp"

namespace cairn::wasm {

struct TypeContext {
  Features features;
  uint32_t type_count;  // type indices below this number exist
};

// Fails with ErrorKind::unsupported if the feature is off. The message is "v128 needs the proposal simd, which is off",
// where `what` is "v128".
bool require_feature(ByteReader& in, Features features, Feature feature, uint64_t offset, std::string_view what);

bool read_heap_type(ByteReader& in, const TypeContext& context, HeapType& type);
bool read_ref_type(ByteReader& in, const TypeContext& context, ValType& type);
bool read_value_type(ByteReader& in, const TypeContext& context, ValType& type);
// Reads a value type, or i8 or i16 ([wasm 5.3.7]).
bool read_storage_type(ByteReader& in, const TypeContext& context, FieldType& type);

// Whether the byte begins a value type (and not a type index, which is an s33).
bool is_value_type_byte(uint8_t byte);

}  // namespace cairn::wasm

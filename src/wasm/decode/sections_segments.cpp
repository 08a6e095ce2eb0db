// Decodes the sections of element segments, code, data segments, and the data count ([wasm 5.5.12] to [wasm 5.5.15]).
#include "base/format.hpp"
#include "wasm/decode/module_decoder.hpp"
#include "wasm/decode/syntax.hpp"

namespace cairn::wasm {

Result<void> ModuleDecoder::element_section() {
  const uint32_t segments = CAIRN_TRY(count("too many element segments", 0, limits::kElemSegments));
  for (uint32_t i = 0; i < segments; ++i) {
    entry_ = i;
    module_.elements.push_back(CAIRN_TRY(element_segment()));
  }
  return {};
}

Result<ElemSegment> ModuleDecoder::element_segment() {
  // Bit 0 of the flags means passive or declarative. Bit 1 means declarative if bit 0 is set, and an explicit table
  // otherwise. Bit 2 means that the elements are expressions.
  const uint64_t offset = in_.offset();
  const uint32_t flags = CAIRN_TRY(in_.u32());
  if (flags > 7) return malformed(offset, "malformed elements segment kind");
  if (flags != 0) CAIRN_TRY(require(Feature::bulk_memory, "an element segment that is not of kind 0", offset));
  const bool has_expressions = (flags & 4) != 0;
  const bool has_type = (flags & 3) != 0;
  ElemSegment segment;
  segment.type = ValType::reference(Nullability::non_null, HeapType::func);
  if (has_expressions) segment.type = ValType::funcref();
  if ((flags & 1) != 0) {
    segment.mode = (flags & 2) != 0 ? SegmentMode::declarative : SegmentMode::passive;
  } else {
    segment.mode = SegmentMode::active;
    const uint64_t table_offset = in_.offset();
    const uint32_t table = (flags & 2) != 0 ? CAIRN_TRY(in_.u32()) : 0;
    if (table >= module_.tables.size()) return invalid(table_offset, "unknown table " + decimal(table));
    segment.table = TableIndex(table);
    const bool is_64 = module_.tables[table].type.address == AddressType::i64;
    segment.offset = CAIRN_TRY(const_expr(is_64 ? ValType::i64 : ValType::i32));
  }
  if (has_type && has_expressions) {
    if (!read_ref_type(in_, types(), segment.type)) return in_.failure();
  } else if (has_type) {
    const uint64_t kind_offset = in_.offset();
    if (CAIRN_TRY(in_.u8()) != 0) return malformed(kind_offset, "malformed element kind");
  }
  if (has_expressions) {
    const uint32_t size = CAIRN_TRY(count("too many elements in a segment", 0, limits::kElemSegmentSize));
    for (uint32_t i = 0; i < size; ++i) segment.expressions.push_back(CAIRN_TRY(const_expr(segment.type)));
  } else {
    segment.functions = CAIRN_TRY(function_indices());
  }
  if (segment.mode == SegmentMode::active) {
    const ValType element = module_.tables[segment.table.index()].type.element;
    if (!matches(module_.types, segment.type, element)) {
      return invalid(offset,
                     "type mismatch: elements of " + to_string(segment.type) + " for a table of " + to_string(element));
    }
  }
  return segment;
}

Result<std::vector<FuncIndex>> ModuleDecoder::function_indices() {
  const uint32_t size = CAIRN_TRY(count("too many elements in a segment", 0, limits::kElemSegmentSize));
  std::vector<FuncIndex> functions;
  functions.reserve(size);
  for (uint32_t i = 0; i < size; ++i) {
    const FuncIndex function = CAIRN_TRY(function_index());
    module_.functions[function.index()].is_escaped = true;
    functions.push_back(function);
  }
  return functions;
}

Result<void> ModuleDecoder::code_section() {
  code_offset_ = in_.offset();
  bodies_ = CAIRN_TRY(count("too many functions", 0, limits::kFunctions));
  for (uint32_t i = 0; i < bodies_; ++i) {
    entry_ = module_.imported_functions + i;
    const uint64_t size_offset = in_.offset();
    const uint32_t size = CAIRN_TRY(in_.length());
    CAIRN_TRY(check_limit("function body too large", size, limits::kFunctionSize, size_offset));
    const uint64_t offset = in_.offset();
    const auto body = CAIRN_TRY(in_.bytes(size));
    const size_t index = size_t{module_.imported_functions} + i;
    if (index >= module_.functions.size()) continue;  // finish() refuses a surplus body
    module_.functions[index].body_offset = offset;
    module_.functions[index].body = body;
  }
  return {};
}

Error ModuleDecoder::first_malformed(Error error) {
  if (code_offset_ == 0 || error.kind != ErrorKind::malformed) return error;
  ByteReader in(bytes_.subspan(code_offset_), code_offset_);
  const auto bodies = in.u32();
  for (uint32_t i = 0; bodies && i < *bodies; ++i) {
    const auto size = in.length();
    if (!size) break;
    const uint64_t begin = in.offset();
    if (begin >= error.offset) break;
    if (!skip_body(in, module_.data_count.has_value())) return in.error();
    if (in.offset() != begin + *size) return Error::at(ErrorKind::malformed, begin, "section size mismatch");
  }
  return error;
}

Result<void> ModuleDecoder::data_count_section() {
  const uint64_t offset = in_.offset();
  CAIRN_TRY(require(Feature::bulk_memory, "a data count section", offset));
  module_.data_count = CAIRN_TRY(in_.u32());
  return check_limit("too many data segments", *module_.data_count, limits::kDataSegments, offset);
}

Result<void> ModuleDecoder::data_section() {
  const uint32_t segments = CAIRN_TRY(count("too many data segments", 0, limits::kDataSegments));
  for (uint32_t i = 0; i < segments; ++i) {
    entry_ = i;
    module_.data.push_back(CAIRN_TRY(data_segment()));
  }
  return {};
}

Result<DataSegment> ModuleDecoder::data_segment() {
  const uint64_t offset = in_.offset();
  const uint32_t flags = CAIRN_TRY(in_.u32());
  if (flags > 2) return malformed(offset, "malformed data segment kind");
  if (flags != 0) CAIRN_TRY(require(Feature::bulk_memory, "a data segment that is not of kind 0", offset));
  DataSegment segment;
  if (flags != 1) {
    segment.mode = SegmentMode::active;
    const uint64_t memory_offset = in_.offset();
    const uint32_t memory = flags == 2 ? CAIRN_TRY(in_.u32()) : 0;
    if (memory >= module_.memories.size()) return invalid(memory_offset, "unknown memory " + decimal(memory));
    segment.memory = MemoryIndex(memory);
    const bool is_64 = module_.memories[memory].type.address == AddressType::i64;
    segment.offset = CAIRN_TRY(const_expr(is_64 ? ValType::i64 : ValType::i32));
  }
  const uint32_t size = CAIRN_TRY(in_.u32());
  segment.bytes = CAIRN_TRY(in_.bytes(size));
  return segment;
}

}  // namespace cairn::wasm

// ImmediateReader reads the immediates that follow an opcode ([wasm 5.4]), for code that does not validate, such as
// skipping and printing. Validation reads the same bytes through ValidationState, since it must check each number
// before it reads the next.
#pragma once

#include "base/assert.hpp"
#include "wasm/byte_reader.hpp"
#include "wasm/type_reader.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::wasm {

struct BlockType {
  enum class Kind : uint8_t { empty, value, type };
  Kind kind = Kind::empty;
  ValType value = ValType::i32;  // for Kind::value
  uint32_t type = 0;             // for Kind::type: a type index
};

// A visitor that ignores everything. Other visitors derive from it and define methods for the events that they need.
// Events come in the binary format's order.
struct ImmediateVisitor {
  void block_type(const BlockType&) {}
  // `kind` is 0 for catch, 1 for catch_ref, 2 for catch_all and 3 for catch_all_ref; kinds 2 and 3 have no tag.
  void catch_clause(uint8_t /*kind*/, uint32_t /*tag*/, uint32_t /*label*/) {}
  void label(uint32_t) {}
  // `space` is one of func, type, local, global, table, elem, memory, data and tag.
  void index(Immediate /*space*/, uint32_t) {}
  void field(uint32_t /*type*/, uint32_t /*field*/) {}
  void operand_count(uint32_t) {}
  // Bit 0 says whether the first heap type is nullable, bit 1 whether the second is.
  void cast_flags(uint8_t) {}
  void heap_type(HeapType) {}
  void value_type(ValType) {}
  void memory_argument(uint32_t /*align_log2*/, uint32_t /*memory*/, uint64_t /*offset*/) {}
  void lane(uint8_t) {}
  void i32(int32_t) {}
  void i64(int64_t) {}
  void f32(uint32_t /*bits*/) {}
  void f64(uint64_t /*bits*/) {}
  void v128(uint64_t /*low*/, uint64_t /*high*/) {}
};

// Reads the immediates of one instruction and tells `visitor` of each. read() returns false when the bytes are
// malformed; the ByteReader then holds the error. Indices are not checked, but types must be well-formed, and the type
// indices in them must be below types.type_count.
template <class Visitor>
class ImmediateReader {
 public:
  ImmediateReader(ByteReader& in, const TypeContext& types, Visitor& visitor)
      : in_(in), types_(types), visitor_(visitor) {}

  bool read(Opcode opcode) {
    const Immediate kind = info(opcode).immediate;
    switch (kind) {
      case Immediate::none: return true;
      case Immediate::block_type: return block_type();
      case Immediate::try_table: return block_type() && repeated([this] { return catch_clause(); });
      case Immediate::label: return label();
      case Immediate::label_table: return repeated([this] { return label(); }) && label();
      case Immediate::cast_label: return cast_flags() && label() && heap_type() && heap_type();
      case Immediate::func:
      case Immediate::type:
      case Immediate::local:
      case Immediate::global:
      case Immediate::table:
      case Immediate::elem:
      case Immediate::memory:
      case Immediate::data:
      case Immediate::tag: return index(kind);
      case Immediate::type_table: return index(Immediate::type) && index(Immediate::table);
      case Immediate::table_table: return index(Immediate::table) && index(Immediate::table);
      case Immediate::elem_table: return index(Immediate::elem) && index(Immediate::table);
      case Immediate::memory_memory: return index(Immediate::memory) && index(Immediate::memory);
      case Immediate::data_memory: return index(Immediate::data) && index(Immediate::memory);
      case Immediate::type_field: return field();
      case Immediate::type_count: return index(Immediate::type) && operand_count();
      case Immediate::type_type: return index(Immediate::type) && index(Immediate::type);
      case Immediate::type_data: return index(Immediate::type) && index(Immediate::data);
      case Immediate::type_elem: return index(Immediate::type) && index(Immediate::elem);
      case Immediate::heap_type: return heap_type();
      case Immediate::select_types: return repeated([this] { return value_type(); });
      case Immediate::memarg: return memory_argument();
      case Immediate::memarg_lane: return memory_argument() && lanes(1);
      case Immediate::lane: return lanes(1);
      case Immediate::shuffle: return lanes(16);
      case Immediate::i32: return value<int32_t>(&ByteReader::read_s32, &Visitor::i32);
      case Immediate::i64: return value<int64_t>(&ByteReader::read_s64, &Visitor::i64);
      case Immediate::f32: return value<uint32_t>(&ByteReader::read_bits32, &Visitor::f32);
      case Immediate::f64: return value<uint64_t>(&ByteReader::read_bits64, &Visitor::f64);
      case Immediate::v128: return vector();
      case Immediate::zero_byte: return zero_byte();
    }
    CAIRN_UNREACHABLE();
  }

 private:
  template <class T>
  bool value(bool (ByteReader::*read)(T&), void (Visitor::*visit)(T)) {
    T number = 0;
    if (!(in_.*read)(number)) return false;
    (visitor_.*visit)(number);
    return true;
  }
  bool label() { return value<uint32_t>(&ByteReader::read_u32, &Visitor::label); }
  bool operand_count() { return value<uint32_t>(&ByteReader::read_u32, &Visitor::operand_count); }
  bool cast_flags() { return value<uint8_t>(&ByteReader::read_u8, &Visitor::cast_flags); }

  bool lanes(uint32_t count) {
    for (; count > 0; --count) {
      if (!value<uint8_t>(&ByteReader::read_u8, &Visitor::lane)) return false;
    }
    return true;
  }

  bool index(Immediate space) {
    uint32_t number = 0;
    if (!in_.read_u32(number)) return false;
    visitor_.index(space, number);
    return true;
  }

  bool field() {
    uint32_t type = 0;
    uint32_t number = 0;
    if (!in_.read_u32(type) || !in_.read_u32(number)) return false;
    visitor_.field(type, number);
    return true;
  }

  // Reads a vector: its length, then as many items.
  template <class F>
  bool repeated(F item) {
    uint32_t length = 0;
    if (!in_.read_length(length)) return false;
    for (; length > 0; --length) {
      if (!item()) return false;
    }
    return true;
  }

  bool heap_type() {
    HeapType type = HeapType::func;
    if (!read_heap_type(in_, types_, type)) return false;
    visitor_.heap_type(type);
    return true;
  }

  bool value_type() {
    ValType type = ValType::i32;
    if (!read_value_type(in_, types_, type)) return false;
    visitor_.value_type(type);
    return true;
  }

  bool block_type() {
    BlockType type;
    uint8_t byte = 0;
    if (!in_.peek_u8(byte)) return in_.fail_at_end();
    if (byte == 0x40) {  // the empty block type
      if (!in_.skip(1)) return false;
    } else if (is_value_type_byte(byte)) {
      type.kind = BlockType::Kind::value;
      if (!read_value_type(in_, types_, type.value)) return false;
    } else {
      const uint64_t offset = in_.offset();
      int64_t number = 0;
      if (!in_.read_s33(number)) return false;
      if (number < 0) return in_.fail(ErrorKind::malformed, offset, "malformed block type");
      type.kind = BlockType::Kind::type;
      type.type = static_cast<uint32_t>(number);
    }
    visitor_.block_type(type);
    return true;
  }

  bool catch_clause() {
    uint8_t kind = 0;
    uint32_t tag = 0;
    uint32_t label = 0;
    if (!in_.read_u8(kind)) return false;
    if (kind > 3) return in_.fail(ErrorKind::malformed, in_.offset() - 1, "malformed catch clause");
    if (kind < 2 && !in_.read_u32(tag)) return false;
    if (!in_.read_u32(label)) return false;
    visitor_.catch_clause(kind, tag, label);
    return true;
  }

  // Bits 0 to 5 of the flags are the alignment; bit 6 says that a memory index follows.
  bool memory_argument() {
    const uint64_t start = in_.offset();
    uint32_t flags = 0;
    uint32_t memory = 0;
    uint64_t offset = 0;
    if (!in_.read_u32(flags)) return false;
    if (flags >= 0x80) return in_.fail(ErrorKind::malformed, start, "malformed memop flags");
    if ((flags & 0x40) != 0 && !in_.read_u32(memory)) return false;
    if (!in_.read_u64(offset)) return false;
    visitor_.memory_argument(flags & 0x3f, memory, offset);
    return true;
  }

  bool vector() {
    uint64_t low = 0;
    uint64_t high = 0;
    if (!in_.read_bits64(low) || !in_.read_bits64(high)) return false;
    visitor_.v128(low, high);
    return true;
  }

  bool zero_byte() {
    uint8_t byte = 0;
    if (!in_.read_u8(byte)) return false;
    return byte == 0 || in_.fail(ErrorKind::malformed, in_.offset() - 1, "zero byte expected");
  }

  ByteReader& in_;
  TypeContext types_;
  Visitor& visitor_;
};

}  // namespace cairn::wasm

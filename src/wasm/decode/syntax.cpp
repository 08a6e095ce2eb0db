#include "wasm/decode/syntax.hpp"

#include "base/format.hpp"
#include "wasm/type_reader.hpp"

namespace cairn::wasm {
namespace {

class Skipper {
 public:
  explicit Skipper(ByteReader& in, bool has_data_count = true) : in_(in), has_data_count_(has_data_count) {}

  bool instructions(uint32_t open_blocks) {
    while (open_blocks > 0) {
      Opcode op = kNoOpcode;
      if (!opcode(op) || !immediates(op)) return false;
      switch (op) {
        case Opcode::block:
        case Opcode::loop:
        case Opcode::if_:
        case Opcode::try_:
        case Opcode::try_table: ++open_blocks; break;
        case Opcode::delegate:
        case Opcode::end: --open_blocks; break;
        default: break;
      }
    }
    return true;
  }

  bool locals() {
    uint32_t groups = 0;
    if (!in_.read_u32(groups)) return false;
    uint64_t total = 0;
    for (uint32_t i = 0; i < groups; ++i) {
      uint32_t count = 0;
      ValType type = ValType::i32;
      if (!in_.read_u32(count)) return false;
      total += count;
      if (total > 0xffff'ffff) return in_.fail(ErrorKind::malformed, in_.offset(), "too many locals");
      if (!read_value_type(in_, kAnyType, type)) return false;
    }
    return true;
  }

  bool opcode(Opcode& op) {
    const uint64_t offset = in_.offset();
    uint8_t byte = 0;
    uint32_t code = 0;
    if (!in_.read_u8(byte)) return false;
    op = kOneByteOpcodes[byte];
    if (op == kNoOpcode && byte >= 0xfb && byte <= 0xfe) {
      if (!in_.read_u32(code)) return false;
      op = find_prefixed_opcode(byte, code);
    }
    return op != kNoOpcode || in_.fail(ErrorKind::malformed, offset, "illegal opcode " + hex(byte, 2).substr(2));
  }

  bool immediates(Opcode op) {
    uint8_t byte = 0;
    HeapType heap = HeapType::func;
    switch (info(op).immediate) {
      case Immediate::none: return true;
      case Immediate::block_type: return block_type();
      case Immediate::try_table: return block_type() && catch_clauses();
      case Immediate::label:
      case Immediate::func:
      case Immediate::type:
      case Immediate::local:
      case Immediate::global:
      case Immediate::table:
      case Immediate::elem:
      case Immediate::memory:
      case Immediate::tag: return numbers(1);
      case Immediate::type_table:
      case Immediate::table_table:
      case Immediate::elem_table:
      case Immediate::memory_memory:
      case Immediate::type_field:
      case Immediate::type_count:
      case Immediate::type_type:
      case Immediate::type_elem: return numbers(2);
      case Immediate::data: return numbers(1) && data_count();
      case Immediate::data_memory:
      case Immediate::type_data: return numbers(2) && data_count();
      case Immediate::label_table: return vector([this] { return numbers(1); }) && numbers(1);
      case Immediate::cast_label:
        return in_.read_u8(byte) && numbers(1) && read_heap_type(in_, kAnyType, heap) &&
               read_heap_type(in_, kAnyType, heap);
      case Immediate::heap_type: return read_heap_type(in_, kAnyType, heap);
      case Immediate::select_types: return vector([this] { return value_type(); });
      case Immediate::memarg: return memarg();
      case Immediate::memarg_lane: return memarg() && in_.skip(1);
      case Immediate::lane: return in_.skip(1);
      case Immediate::zero_byte:
        return in_.read_u8(byte) &&
               (byte == 0 || in_.fail(ErrorKind::malformed, in_.offset() - 1, "zero byte expected"));
      case Immediate::i32: {
        int32_t value = 0;
        return in_.read_s32(value);
      }
      case Immediate::i64: {
        int64_t value = 0;
        return in_.read_s64(value);
      }
      case Immediate::f32: return in_.skip(4);
      case Immediate::f64: return in_.skip(8);
      case Immediate::shuffle:
      case Immediate::v128: return in_.skip(16);
    }
    return in_.fail(ErrorKind::malformed, in_.offset(), std::string(to_string(op)));
  }

 private:
  static constexpr TypeContext kAnyType = {Features::all(), 0xffff'ffff};

  bool numbers(uint32_t count) {
    uint32_t value = 0;
    for (; count > 0; --count) {
      if (!in_.read_u32(value)) return false;
    }
    return true;
  }

  template <class F>
  bool vector(F item) {
    uint32_t length = 0;
    if (!in_.read_length(length)) return false;
    for (uint32_t i = 0; i < length; ++i) {
      if (!item()) return false;
    }
    return true;
  }

  bool value_type() {
    ValType type = ValType::i32;
    return read_value_type(in_, kAnyType, type);
  }

  bool block_type() {
    uint8_t byte = 0;
    int64_t index = 0;
    if (!in_.peek_u8(byte)) return in_.read_u8(byte);
    if (byte == 0x40) return in_.read_u8(byte);
    if (is_value_type_byte(byte)) return value_type();
    if (!in_.read_s33(index)) return false;
    return index >= 0 || in_.fail(ErrorKind::malformed, in_.offset(), "malformed block type");
  }

  bool catch_clauses() {
    return vector([this] {
      uint8_t kind = 0;
      if (!in_.read_u8(kind)) return false;
      if (kind > 3) return in_.fail(ErrorKind::malformed, in_.offset() - 1, "malformed catch clause");
      return numbers(kind < 2 ? 2 : 1);
    });
  }

  bool memarg() {
    uint32_t flags = 0;
    uint64_t offset = 0;
    if (!in_.read_u32(flags)) return false;
    if (flags >= 0x80) return in_.fail(ErrorKind::malformed, in_.offset(), "malformed memop flags");
    return ((flags & 0x40) == 0 || numbers(1)) && in_.read_u64(offset);
  }

  bool data_count() {
    return has_data_count_ || in_.fail(ErrorKind::malformed, in_.offset(), "data count section required");
  }

  ByteReader& in_;
  bool has_data_count_;
};

}  // namespace

bool read_opcode(ByteReader& in, Opcode& opcode) { return Skipper(in).opcode(opcode); }

bool skip_immediates(ByteReader& in, Opcode opcode, bool has_data_count) {
  return Skipper(in, has_data_count).immediates(opcode);
}

bool skip_instructions(ByteReader& in, uint32_t open_blocks, bool has_data_count) {
  return Skipper(in, has_data_count).instructions(open_blocks);
}

bool skip_locals(ByteReader& in) { return Skipper(in).locals(); }

bool skip_body(ByteReader& in, bool has_data_count) {
  Skipper skipper(in, has_data_count);
  return skipper.locals() && skipper.instructions(1);
}

}  // namespace cairn::wasm

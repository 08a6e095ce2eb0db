#include "wasm/decode/syntax.hpp"

#include "base/format.hpp"
#include "wasm/decode/immediates.hpp"

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
    // 0xfb to 0xfe are the prefixes of longer opcodes.
    if (op == kNoOpcode && byte >= 0xfb && byte <= 0xfe) {
      if (!in_.read_u32(code)) return false;
      op = find_prefixed_opcode(byte, code);
    }
    return op != kNoOpcode || in_.fail(ErrorKind::malformed, offset, "illegal opcode " + hex(byte, 2).substr(2));
  }

  bool immediates(Opcode op) {
    ImmediateVisitor visitor;
    if (!ImmediateReader(in_, kAnyType, visitor).read(op)) return false;
    switch (info(op).immediate) {
      case Immediate::data:
      case Immediate::data_memory:
      case Immediate::type_data:
        return has_data_count_ || in_.fail(ErrorKind::malformed, in_.offset(), "data count section required");
      default: return true;
    }
  }

 private:
  static constexpr TypeContext kAnyType = {Features::all(), 0xffff'ffff};

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

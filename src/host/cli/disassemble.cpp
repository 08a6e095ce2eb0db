#include "host/cli/disassemble.hpp"

#include <bit>
#include <cstdio>

#include "base/format.hpp"
#include "wasm/byte_reader.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::cli {
namespace {

using wasm::Immediate;
using wasm::Opcode;

std::string float_text(double value) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.17g", value);
  return buffer;
}

class Disassembler {
 public:
  Disassembler(const wasm::Module& module, const wasm::Function& function)
      : module_(module), in_(function.body, function.body_offset) {}

  Result<std::vector<InstructionText>> run() {
    if (!skip_locals()) return in_.failure();
    std::vector<InstructionText> lines;
    size_t depth = 1;
    while (!in_.at_end()) {
      const uint64_t offset = in_.offset();
      Opcode opcode{};
      if (!read_opcode(opcode)) return in_.failure();
      const bool closes = opcode == Opcode::end || opcode == Opcode::else_ || opcode == Opcode::catch_ ||
                          opcode == Opcode::catch_all || opcode == Opcode::delegate;
      const bool opens = opcode == Opcode::block || opcode == Opcode::loop || opcode == Opcode::if_ ||
                         opcode == Opcode::try_ || opcode == Opcode::try_table;
      if (closes && depth > 0) --depth;
      text_.assign(2 * depth, ' ');
      text_ += wasm::to_string(opcode);
      if (!immediates(opcode)) return in_.failure();
      lines.push_back({offset, text_});
      if (opens || (closes && opcode != Opcode::end && opcode != Opcode::delegate)) ++depth;
    }
    return lines;
  }

 private:
  bool skip_locals() {
    uint32_t groups = 0, count = 0;
    if (!in_.read_u32(groups)) return false;
    for (; groups > 0; --groups) {
      if (!in_.read_u32(count) || !skip_value_type()) return false;
    }
    return true;
  }

  // A value type is one byte, but for the two that carry a heap type.
  bool skip_value_type() {
    uint8_t byte = 0;
    int64_t heap = 0;
    if (!in_.read_u8(byte)) return false;
    return (byte != 0x63 && byte != 0x64) || in_.read_s33(heap);
  }

  bool read_opcode(Opcode& opcode) {
    const uint64_t offset = in_.offset();
    uint8_t prefix = 0;
    uint32_t code = 0;
    if (!in_.read_u8(prefix)) return false;
    if (prefix < 0xfb || prefix == 0xff) {
      code = prefix;
      prefix = 0;
    } else if (!in_.read_u32(code)) {
      return false;
    }
    const std::optional<Opcode> found = wasm::find_opcode(prefix, code);
    if (!found) return in_.fail(ErrorKind::malformed, offset, "illegal opcode");
    opcode = *found;
    return true;
  }

  bool number() {
    uint32_t value = 0;
    if (!in_.read_u32(value)) return false;
    text_ += ' ' + decimal(value);
    return true;
  }
  bool numbers(int count) {
    for (; count > 0; --count) {
      if (!number()) return false;
    }
    return true;
  }
  bool signed_number() {
    int64_t value = 0;
    if (!in_.read_s64(value)) return false;
    text_ += ' ' + decimal(value);
    return true;
  }
  bool heap_type() {
    int64_t value = 0;
    if (!in_.read_s33(value)) return false;
    text_ += value >= 0 ? ' ' + decimal(value) : " heap" + decimal(value);
    return true;
  }

  bool function() {
    uint32_t index = 0;
    if (!in_.read_u32(index)) return false;
    const std::string_view name =
        index < module_.functions.size() ? module_.function_name(wasm::FuncIndex(index)) : std::string_view{};
    text_ += ' ' + (name.empty() ? decimal(index) : "$" + std::string(name));
    return true;
  }

  bool memarg(uint32_t natural_alignment) {
    uint32_t flags = 0, memory = 0;
    uint64_t offset = 0;
    if (!in_.read_u32(flags)) return false;
    if ((flags & 0x40) != 0 && !in_.read_u32(memory)) return false;
    if (!in_.read_u64(offset)) return false;
    if (memory != 0) text_ += ' ' + decimal(memory);
    if (offset != 0) text_ += " offset=" + decimal(offset);
    if ((flags & 0x3f) != natural_alignment) text_ += " align=" + decimal(uint64_t{1} << (flags & 0x3f));
    return true;
  }

  bool bytes(int count) {
    uint8_t byte = 0;
    for (; count > 0; --count) {
      if (!in_.read_u8(byte)) return false;
      text_ += ' ' + decimal(uint32_t{byte});
    }
    return true;
  }

  bool block_type() {
    uint8_t byte = 0;
    if (!in_.peek_u8(byte)) return in_.fail_at_end();
    if (byte == 0x40) return in_.skip(1);
    int64_t type = 0;
    if (byte == 0x63 || byte == 0x64) return text_ += " (result ref)", skip_value_type();
    if (!in_.read_s33(type)) return false;
    if (type >= 0) {
      text_ += " (type " + decimal(type) + ")";
    } else {
      text_ += " (result " +
               std::string(byte == 0x7f   ? "i32"
                           : byte == 0x7e ? "i64"
                           : byte == 0x7d ? "f32"
                           : byte == 0x7c ? "f64"
                           : byte == 0x7b ? "v128"
                                          : "ref") +
               ")";
    }
    return true;
  }

  bool label_table() {
    uint32_t count = 0;
    if (!in_.read_u32(count)) return false;
    for (; count > 0; --count) {
      if (!number()) return false;
    }
    return number();
  }

  bool catch_clauses() {
    uint32_t count = 0;
    uint8_t kind = 0;
    if (!in_.read_u32(count)) return false;
    for (; count > 0; --count) {
      if (!in_.read_u8(kind)) return false;
      text_ += kind < 2 ? " catch" : " catch_all";
      if (!numbers(kind < 2 ? 2 : 1)) return false;
    }
    return true;
  }

  bool immediates(Opcode opcode) {
    switch (wasm::info(opcode).immediate) {
      case Immediate::none: return true;
      case Immediate::block_type: return block_type();
      case Immediate::try_table: return block_type() && catch_clauses();
      case Immediate::label_table: return label_table();
      case Immediate::func: return function();
      case Immediate::label:
      case Immediate::type:
      case Immediate::local:
      case Immediate::global:
      case Immediate::table:
      case Immediate::elem:
      case Immediate::memory:
      case Immediate::data:
      case Immediate::tag: return number();
      case Immediate::type_table:
      case Immediate::table_table:
      case Immediate::elem_table:
      case Immediate::memory_memory:
      case Immediate::data_memory:
      case Immediate::type_field:
      case Immediate::type_count:
      case Immediate::type_type:
      case Immediate::type_data:
      case Immediate::type_elem: return numbers(2);
      case Immediate::cast_label: return bytes(1) && number() && heap_type() && heap_type();
      case Immediate::heap_type: return heap_type();
      case Immediate::select_types: {
        uint32_t count = 0;
        if (!in_.read_u32(count)) return false;
        for (; count > 0; --count) {
          if (!skip_value_type()) return false;
        }
        return true;
      }
      case Immediate::memarg: return memarg(wasm::info(opcode).shape);
      case Immediate::memarg_lane: return memarg(wasm::info(opcode).shape) && bytes(1);
      case Immediate::lane: return bytes(1);
      case Immediate::shuffle: return bytes(16);
      case Immediate::i32:
      case Immediate::i64: return signed_number();
      case Immediate::f32: {
        uint32_t bits = 0;
        if (!in_.read_bits32(bits)) return false;
        text_ += ' ' + float_text(std::bit_cast<float>(bits));
        return true;
      }
      case Immediate::f64: {
        uint64_t bits = 0;
        if (!in_.read_bits64(bits)) return false;
        text_ += ' ' + float_text(std::bit_cast<double>(bits));
        return true;
      }
      case Immediate::v128: {
        uint64_t low = 0, high = 0;
        if (!in_.read_bits64(low) || !in_.read_bits64(high)) return false;
        text_ += " i64x2 " + hex(low, 16) + ' ' + hex(high, 16);
        return true;
      }
      case Immediate::zero_byte: return in_.skip(1);
    }
    return true;
  }

  const wasm::Module& module_;
  wasm::ByteReader in_;
  std::string text_;
};

}  // namespace

Result<std::vector<InstructionText>> disassemble(const wasm::Module& module, wasm::FuncIndex function) {
  return Disassembler(module, module.functions[function.index()]).run();
}

}  // namespace cairn::cli

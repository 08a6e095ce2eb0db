#include "compiler/build/loop_scan.hpp"

#include <array>
#include <cstring>
#include <optional>

#include "wasm/byte_reader.hpp"
#include "wasm/opcodes.hpp"

namespace cairn::compiler {

namespace {

using wasm::ByteReader;
using wasm::Immediate;
using wasm::Opcode;

constexpr std::array<std::optional<Opcode>, 256> one_byte_opcodes() {
  std::array<std::optional<Opcode>, 256> result{};
  for (size_t i = 0; i < wasm::kOpcodeCount; ++i) {
    if (wasm::kOpcodes[i].prefix == 0) result[wasm::kOpcodes[i].code] = static_cast<Opcode>(i);
  }
  return result;
}
constexpr auto kOneByte = one_byte_opcodes();

bool is_prefix(uint8_t byte) { return byte >= 0xfb && byte <= 0xfe; }

// A value type or a block type: a negative number, which for `(ref ht)` and `(ref null ht)` is followed by the heap type.
bool skip_type(ByteReader& reader) {
  int64_t type = 0;
  if (!reader.read_s33(type)) return false;
  constexpr int64_t kRefNull = -0x1d;  // 0x63
  constexpr int64_t kRef = -0x1c;      // 0x64
  return (type != kRefNull && type != kRef) || reader.read_s33(type);
}

bool skip_u32(ByteReader& reader, int count) {
  uint32_t value = 0;
  for (; count > 0; --count) {
    if (!reader.read_u32(value)) return false;
  }
  return true;
}

bool skip_memarg(ByteReader& reader) {
  uint32_t flags = 0;
  uint64_t offset = 0;
  constexpr uint32_t kHasMemory = 64;
  if (!reader.read_u32(flags)) return false;
  if ((flags & kHasMemory) != 0 && !skip_u32(reader, 1)) return false;
  return reader.read_u64(offset);
}

bool skip_immediate(ByteReader& reader, Immediate immediate) {
  uint32_t count = 0;
  uint8_t byte = 0;
  int64_t number = 0;
  switch (immediate) {
    case Immediate::none: return true;
    case Immediate::block_type: return skip_type(reader);
    case Immediate::try_table:
      if (!skip_type(reader) || !reader.read_u32(count)) return false;
      for (; count > 0; --count) {
        if (!reader.read_u8(byte) || !skip_u32(reader, byte < 2 ? 2 : 1)) return false;
      }
      return true;
    case Immediate::label_table:
      if (!reader.read_u32(count)) return false;
      for (; count > 0; --count) {
        if (!skip_u32(reader, 1)) return false;
      }
      return skip_u32(reader, 1);
    case Immediate::cast_label:
      return reader.read_u8(byte) && skip_u32(reader, 1) && reader.read_s33(number) && reader.read_s33(number);
    case Immediate::label:
    case Immediate::func:
    case Immediate::type:
    case Immediate::local:
    case Immediate::global:
    case Immediate::table:
    case Immediate::elem:
    case Immediate::memory:
    case Immediate::data:
    case Immediate::tag: return skip_u32(reader, 1);
    case Immediate::type_table:
    case Immediate::table_table:
    case Immediate::elem_table:
    case Immediate::memory_memory:
    case Immediate::data_memory:
    case Immediate::type_field:
    case Immediate::type_count:
    case Immediate::type_type:
    case Immediate::type_data:
    case Immediate::type_elem: return skip_u32(reader, 2);
    case Immediate::heap_type: return reader.read_s33(number);
    case Immediate::select_types:
      if (!reader.read_u32(count)) return false;
      for (; count > 0; --count) {
        if (!skip_type(reader)) return false;
      }
      return true;
    case Immediate::memarg: return skip_memarg(reader);
    case Immediate::memarg_lane: return skip_memarg(reader) && reader.skip(1);
    case Immediate::lane:
    case Immediate::zero_byte: return reader.skip(1);
    case Immediate::shuffle:
    case Immediate::v128: return reader.skip(16);
    case Immediate::i32:
    case Immediate::i64: return reader.read_s64(number);
    case Immediate::f32: return reader.skip(4);
    case Immediate::f64: return reader.skip(8);
  }
  return false;
}

}  // namespace

void LoopScan::scan(std::span<const std::byte> body, uint64_t offset, size_t local_count) {
  // Most functions have no loop: not even the byte.
  constexpr int kLoop = wasm::kOpcodes[static_cast<size_t>(Opcode::loop)].code;
  if (std::memchr(body.data(), kLoop, body.size()) == nullptr) return;
  ByteReader reader(body, offset);
  Arena& arena = loops_.arena();
  uint32_t declarations = 0;
  if (!reader.read_u32(declarations)) return;
  for (; declarations > 0; --declarations) {
    if (!skip_u32(reader, 1) || !skip_type(reader)) return;
  }

  // Open blocks: the loop's index, or kNoLoop; `writes` are those since the outermost open loop, `starts` where each
  // open loop's begin.
  constexpr uint32_t kNoLoop = 0xffff'ffff;
  ArenaVector<uint32_t> open(arena);
  ArenaVector<uint32_t> starts(arena);
  ArenaVector<uint32_t> writes(arena);
  ArenaVector<uint32_t> stamps(arena);
  uint32_t stamp = 0;
  for (;;) {
    const uint64_t at = reader.offset();
    uint8_t byte = 0;
    if (reader.at_end() || arena.exhausted() || !reader.read_u8(byte)) return;
    std::optional<Opcode> opcode = kOneByte[byte];
    if (is_prefix(byte)) {
      uint32_t code = 0;
      if (!reader.read_u32(code)) return;
      opcode = wasm::find_opcode(byte, code);
    }
    if (!opcode) return;
    switch (*opcode) {
      case Opcode::local_set:
      case Opcode::local_tee: {
        uint32_t local = 0;
        if (!reader.read_u32(local) || local >= local_count) return;
        if (!starts.empty()) writes.push_back(local);
        continue;
      }
      case Opcode::loop:
        loops_.push_back({at, 0, 0});
        open.push_back(static_cast<uint32_t>(loops_.size() - 1));
        starts.push_back(static_cast<uint32_t>(writes.size()));
        break;
      case Opcode::block:
      case Opcode::if_:
      case Opcode::try_:
      case Opcode::try_table: open.push_back(kNoLoop); break;
      case Opcode::delegate:
      case Opcode::end: {
        if (open.empty()) return;  // the body's
        const uint32_t loop = open.back();
        open.pop_back();
        if (loop == kNoLoop) break;
        // Each local once, here and in what is left for the loops around.
        if (stamps.empty()) stamps.assign(local_count, 0);
        ++stamp;
        const size_t start = starts.back();
        starts.pop_back();
        size_t kept = start;
        loops_[loop].first = static_cast<uint32_t>(locals_.size());
        for (size_t i = start; i < writes.size(); ++i) {
          const uint32_t local = writes[i];
          if (stamps[local] == stamp) continue;
          stamps[local] = stamp;
          locals_.push_back(local);
          writes[kept++] = local;
        }
        loops_[loop].count = static_cast<uint32_t>(kept - start);
        if (starts.empty()) kept = 0;
        writes.resize(kept);
        break;
      }
      default: break;
    }
    if (!skip_immediate(reader, wasm::info(*opcode).immediate)) return;
  }
}

std::span<const uint32_t> LoopScan::written_by(uint64_t offset) {
  while (next_ < loops_.size() && loops_[next_].offset < offset) ++next_;
  if (next_ == loops_.size() || loops_[next_].offset != offset) return {};
  return locals_.as_span().subspan(loops_[next_].first, loops_[next_].count);
}

}  // namespace cairn::compiler

// Prints function bodies as text, with one instruction on each line.
#include <algorithm>

#include "base/format.hpp"
#include "wasm/text/cursor.hpp"
#include "wasm/text/print_number.hpp"
#include "wasm/text/printer.hpp"
#include "wasm/type_reader.hpp"

namespace cairn::wasm::text {
namespace {

TypeContext type_context(const Module& module) { return {Features::all(), static_cast<uint32_t>(module.types.size())}; }

std::unexpected<Error> unknown_instruction(uint64_t offset) {
  return fail(Error::at(ErrorKind::malformed, offset, "illegal opcode"));
}

uint64_t read_little_endian(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(bytes[i]);
  return value;
}

}  // namespace

Result<void> Printer::function(FuncIndex index) {
  const Function& function = module_.functions[index.index()];
  const auto named = names_.locals.find(index.index());
  const NameMap* locals = named == names_.locals.end() ? nullptr : &named->second;
  line("(func" + names_.functions.definition(index.index()) + type_use(function.type, locals));
  ++depth_;
  ByteReader in(function.body, function.body_offset);
  const auto params = static_cast<uint32_t>(module_.func_type(index).params.size());
  CAIRN_TRY(local_declarations(in, params, locals));
  CAIRN_TRY(instructions(in, index, locals));
  depth_ = 1;
  out_ += ")";
  return {};
}

Result<void> Printer::local_declarations(ByteReader& in, uint32_t first, const NameMap* locals) {
  // The body may not have been validated. Without this limit, a few bytes could declare billions of locals.
  constexpr uint64_t kMaxLocals = 1'000'000;
  uint64_t index = first;
  std::string text;
  for (uint32_t runs = CAIRN_TRY(in.u32()); runs > 0; --runs) {
    const uint32_t count = CAIRN_TRY(in.u32());
    ValType type = ValType::i32;
    if (!read_value_type(in, type_context(module_), type)) return in.failure();
    if (index + count > kMaxLocals) return fail(Error::at(ErrorKind::limit, in.offset(), "too many locals"));
    for (uint32_t i = 0; i < count; ++i, ++index) {
      const auto local = static_cast<uint32_t>(index);
      if (locals != nullptr && locals->find(local) != nullptr) {
        if (!text.empty()) line("(local" + text + ")");
        text.clear();
        line("(local" + locals->definition(local) + " " + value_type(type) + ")");
      } else {
        text += " " + value_type(type);
      }
    }
  }
  if (!text.empty()) line("(local" + text + ")");
  return {};
}

Result<void> Printer::instructions(ByteReader& in, FuncIndex index, const NameMap* locals) {
  const auto labels = names_.labels.find(index.index());
  const auto hints = std::ranges::find(module_.branch_hints, index, [](const auto& entry) { return entry.first; });
  const uint64_t body = module_.functions[index.index()].body_offset;
  size_t next_hint = 0;
  uint32_t blocks = 0;
  size_t open = 0;  // blocks
  while (true) {
    const uint64_t offset = in.offset();
    const uint8_t byte = CAIRN_TRY(in.u8());
    const bool is_prefix = byte >= 0xfb && byte <= 0xfe;
    const std::optional<Opcode> opcode = is_prefix ? find_opcode(byte, CAIRN_TRY(in.u32())) : find_opcode(0, byte);
    if (!opcode) return unknown_instruction(offset);
    if (*opcode == Opcode::end && open == 0) break;

    std::string text;
    if (hints != module_.branch_hints.end() && next_hint < hints->second.size() &&
        hints->second[next_hint].offset == offset - body) {
      text = hints->second[next_hint++].likely ? "(@metadata.code.branch_hint \"\\01\") "
                                               : "(@metadata.code.branch_hint \"\\00\") ";
    }
    text += to_string(*opcode);
    bool opens = false;
    switch (*opcode) {
      case Opcode::block:
      case Opcode::loop:
      case Opcode::if_:
      case Opcode::try_:
      case Opcode::try_table: {
        opens = true;
        const NameMap::Name* label = labels == names_.labels.end() ? nullptr : labels->second.find(blocks);
        // Labels may shadow each other, so a label's name need not be unique.
        if (label != nullptr && !label->text.empty()) text += " " + spell_identifier(label->text);
        ++blocks;
        break;
      }
      case Opcode::else_:
      case Opcode::catch_:
      case Opcode::catch_all:
        if (open == 0) return unknown_instruction(offset);
        --depth_;
        opens = true;
        --open;
        break;
      case Opcode::end:
      case Opcode::delegate:
        if (open == 0) return unknown_instruction(offset);
        --depth_;
        --open;
        break;
      default: break;
    }
    text += CAIRN_TRY(immediates(in, *opcode, locals));
    line(text);
    if (opens) {
      ++depth_;
      ++open;
    }
  }
  if (!in.at_end()) return fail(Error::at(ErrorKind::malformed, in.offset(), "unexpected content after the body"));
  return {};
}

Result<std::string> Printer::index(ByteReader& in, const NameMap& names) {
  return " " + names.use(CAIRN_TRY(in.u32()));
}

// Prints two indices in the binary format's order.
Result<std::string> Printer::pair(ByteReader& in, const NameMap& first, const NameMap& second) {
  std::string text = CAIRN_TRY(index(in, first));
  return text + CAIRN_TRY(index(in, second));
}

Result<std::string> Printer::immediates(ByteReader& in, Opcode opcode, const NameMap* locals) {
  // The text format omits the index of a memory or table if it is 0.
  const auto usual = [&](const NameMap& names) -> Result<std::string> {
    const uint32_t value = CAIRN_TRY(in.u32());
    return value == 0 ? "" : " " + names.use(value);
  };
  switch (info(opcode).immediate) {
    case Immediate::none: return "";
    case Immediate::zero_byte: CAIRN_TRY(in.u8()); return "";
    case Immediate::block_type: return block_type(in);
    case Immediate::try_table: {
      std::string text = CAIRN_TRY(block_type(in));
      return text + CAIRN_TRY(catch_clauses(in));
    }
    case Immediate::label: return " " + decimal(CAIRN_TRY(in.u32()));
    case Immediate::label_table: return label_table(in);
    case Immediate::cast_label: return cast_label(in);
    case Immediate::func: return index(in, names_.functions);
    case Immediate::type: return index(in, names_.types);
    case Immediate::type_table: {
      const uint32_t type = CAIRN_TRY(in.u32());
      return CAIRN_TRY(usual(names_.tables)) + " (type " + names_.types.use(type) + ")";
    }
    case Immediate::local: return index(in, locals == nullptr ? no_names_ : *locals);
    case Immediate::global: return index(in, names_.globals);
    case Immediate::table: return usual(names_.tables);
    case Immediate::memory: return usual(names_.memories);
    case Immediate::table_table: return pair(in, names_.tables, names_.tables);
    case Immediate::memory_memory: return pair(in, names_.memories, names_.memories);
    case Immediate::elem: return index(in, names_.elems);
    case Immediate::elem_table: {
      const std::string segment = CAIRN_TRY(index(in, names_.elems));
      return CAIRN_TRY(usual(names_.tables)) + segment;
    }
    case Immediate::data: return index(in, names_.datas);
    case Immediate::data_memory: {
      const std::string segment = CAIRN_TRY(index(in, names_.datas));
      return CAIRN_TRY(usual(names_.memories)) + segment;
    }
    case Immediate::tag: return index(in, names_.tags);
    case Immediate::heap_type: return heap_type_of(in, opcode);
    case Immediate::select_types: return select_types(in);
    case Immediate::type_field: return type_field(in);
    case Immediate::type_count: return pair(in, names_.types, no_names_);
    case Immediate::type_type: return pair(in, names_.types, names_.types);
    case Immediate::type_data: return pair(in, names_.types, names_.datas);
    case Immediate::type_elem: return pair(in, names_.types, names_.elems);
    case Immediate::memarg: return memory_argument(in, opcode);
    case Immediate::memarg_lane: {
      const std::string text = CAIRN_TRY(memory_argument(in, opcode));
      return text + " " + decimal(uint32_t{CAIRN_TRY(in.u8())});
    }
    case Immediate::lane: return " " + decimal(uint32_t{CAIRN_TRY(in.u8())});
    case Immediate::shuffle: return shuffle_lanes(in);
    case Immediate::i32: {
      int32_t value = 0;
      if (!in.read_s32(value)) return in.failure();
      return " " + decimal(value);
    }
    case Immediate::i64: {
      int64_t value = 0;
      if (!in.read_s64(value)) return in.failure();
      return " " + decimal(value);
    }
    case Immediate::f32: return " " + spell_f32(static_cast<uint32_t>(read_little_endian(CAIRN_TRY(in.bytes(4)))));
    case Immediate::f64: return " " + spell_f64(read_little_endian(CAIRN_TRY(in.bytes(8))));
    case Immediate::v128: return vector_constant(in);
  }
  return unknown_instruction(in.offset());
}

Result<std::string> Printer::label_table(ByteReader& in) {
  std::string text;
  for (uint64_t count = uint64_t{CAIRN_TRY(in.u32())} + 1; count > 0; --count) {
    text += " " + decimal(CAIRN_TRY(in.u32()));
  }
  return text;
}

Result<std::string> Printer::cast_label(ByteReader& in) {
  const uint8_t flags = CAIRN_TRY(in.u8());
  std::string text = " " + decimal(CAIRN_TRY(in.u32()));
  const auto nullability = [&](uint8_t bit) {
    return (flags & bit) != 0 ? Nullability::nullable : Nullability::non_null;
  };
  text += CAIRN_TRY(reference_type(in, nullability(1)));
  return text + CAIRN_TRY(reference_type(in, nullability(2)));
}

Result<std::string> Printer::select_types(ByteReader& in) {
  std::string text = " (result";
  for (uint32_t count = CAIRN_TRY(in.u32()); count > 0; --count) {
    ValType type = ValType::i32;
    if (!read_value_type(in, type_context(module_), type)) return in.failure();
    text += " " + value_type(type);
  }
  return text + ")";
}

Result<std::string> Printer::type_field(ByteReader& in) {
  const uint32_t type = CAIRN_TRY(in.u32());
  const auto fields = names_.fields.find(type);
  return " " + names_.types.use(type) +
         CAIRN_TRY(index(in, fields == names_.fields.end() ? no_names_ : fields->second));
}

Result<std::string> Printer::shuffle_lanes(ByteReader& in) {
  std::string text;
  for (int i = 0; i < 16; ++i) text += " " + decimal(uint32_t{CAIRN_TRY(in.u8())});
  return text;
}

Result<std::string> Printer::vector_constant(ByteReader& in) {
  std::string text = " i32x4";
  for (int i = 0; i < 4; ++i) text += " " + hex(read_little_endian(CAIRN_TRY(in.bytes(4))), 8);
  return text;
}

Result<std::string> Printer::heap_type_of(ByteReader& in, Opcode opcode) {
  if (opcode == Opcode::ref_test || opcode == Opcode::ref_cast) return reference_type(in, Nullability::non_null);
  if (opcode != Opcode::ref_null) return reference_type(in, Nullability::nullable);
  HeapType heap = HeapType::func;
  if (!read_heap_type(in, type_context(module_), heap)) return in.failure();
  return " " + heap_type(heap);
}

Result<std::string> Printer::block_type(ByteReader& in) {
  uint8_t byte = 0;
  if (!in.peek_u8(byte)) return CAIRN_TRY(in.u8()), "";
  if (byte == 0x40) return CAIRN_TRY(in.u8()), "";
  if (is_value_type_byte(byte)) {
    ValType type = ValType::i32;
    if (!read_value_type(in, type_context(module_), type)) return in.failure();
    return " (result " + value_type(type) + ")";
  }
  const uint64_t offset = in.offset();
  const int64_t type = CAIRN_TRY(in.s33());
  if (type < 0) return fail(Error::at(ErrorKind::malformed, offset, "malformed block type"));
  return type_use(TypeIndex(static_cast<uint32_t>(type)), nullptr);
}

Result<std::string> Printer::catch_clauses(ByteReader& in) {
  constexpr std::string_view kNames[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
  std::string text;
  for (uint32_t count = CAIRN_TRY(in.u32()); count > 0; --count) {
    const uint64_t offset = in.offset();
    const uint8_t kind = CAIRN_TRY(in.u8());
    if (kind > 3) return fail(Error::at(ErrorKind::malformed, offset, "malformed catch clause"));
    text += " (" + std::string(kNames[kind]);
    if (kind < 2) text += CAIRN_TRY(index(in, names_.tags));
    text += " " + decimal(CAIRN_TRY(in.u32())) + ")";
  }
  return text;
}

Result<std::string> Printer::memory_argument(ByteReader& in, Opcode opcode) {
  const uint64_t start = in.offset();
  const uint32_t flags = CAIRN_TRY(in.u32());
  if (flags >= 0x80) return fail(Error::at(ErrorKind::malformed, start, "malformed memop flags"));
  const uint32_t memory = (flags & 0x40) != 0 ? CAIRN_TRY(in.u32()) : 0;
  const uint64_t offset = CAIRN_TRY(in.u64());
  const uint32_t align = flags & 0x3f;
  std::string text;
  if (memory != 0) text += " " + names_.memories.use(memory);
  if (offset != 0) text += " offset=" + decimal(offset);
  if (align != info(opcode).shape) text += " align=" + decimal(uint64_t{1} << align);
  return text;
}

Result<std::string> Printer::reference_type(ByteReader& in, Nullability nullability) {
  HeapType heap = HeapType::func;
  if (!read_heap_type(in, type_context(module_), heap)) return in.failure();
  return " " + value_type(ValType::reference(nullability, heap));
}

}  // namespace cairn::wasm::text

// Prints function bodies as text, with one instruction on each line.
#include <algorithm>

#include "base/format.hpp"
#include "wasm/decode/syntax.hpp"
#include "wasm/text/cursor.hpp"
#include "wasm/text/printer.hpp"
#include "wasm/type_reader.hpp"

namespace cairn::wasm::text {

template <class Emit>
Result<void> Printer::instructions(ByteReader& in, FuncIndex index, const NameMap* locals, Emit emit) {
  const auto labels = names_.labels.find(index.index());
  const auto hints = std::ranges::find(module_.branch_hints, index, [](const auto& entry) { return entry.first; });
  const uint64_t body = module_.functions[index.index()].body_offset;
  size_t next_hint = 0;
  uint32_t blocks = 0;
  size_t open = 0;  // number of open blocks
  while (true) {
    const uint64_t offset = in.offset();
    Opcode opcode = kNoOpcode;
    if (!read_opcode(in, opcode)) return in.failure();
    if (opcode == Opcode::end && open == 0) break;

    std::string text;
    if (hints != module_.branch_hints.end() && next_hint < hints->second.size() &&
        hints->second[next_hint].offset == offset - body) {
      text = hints->second[next_hint++].likely ? "(@metadata.code.branch_hint \"\\01\") "
                                               : "(@metadata.code.branch_hint \"\\00\") ";
    }
    text += to_string(opcode);
    bool opens = false;
    switch (opcode) {
      case Opcode::block:
      case Opcode::loop:
      case Opcode::if_:
      case Opcode::try_:
      case Opcode::try_table: {
        opens = true;
        const NameMap::Name* label = labels == names_.labels.end() ? nullptr : labels->second.find(blocks);
        // Labels may shadow each other, so the name is printed even if another label has it.
        if (label != nullptr && !label->text.empty()) text += " " + spell_identifier(label->text);
        ++blocks;
        break;
      }
      case Opcode::else_:
      case Opcode::catch_:
      case Opcode::catch_all:
        if (open == 0) return fail(Error::at(ErrorKind::malformed, offset, "no block is open"));
        --depth_;
        opens = true;
        --open;
        break;
      case Opcode::end:
      case Opcode::delegate:
        if (open == 0) return fail(Error::at(ErrorKind::malformed, offset, "no block is open"));
        --depth_;
        --open;
        break;
      default: break;
    }
    text += CAIRN_TRY(immediates(in, opcode, locals));
    emit(offset, text);
    if (opens) {
      ++depth_;
      ++open;
    }
  }
  if (!in.at_end()) return fail(Error::at(ErrorKind::malformed, in.offset(), "unexpected content after the body"));
  return {};
}

Result<void> Printer::function(FuncIndex index) {
  const Function& function = module_.functions[index.index()];
  const auto named = names_.locals.find(index.index());
  const NameMap* locals = named == names_.locals.end() ? nullptr : &named->second;
  line("(func" + names_.functions.definition(index.index()) + type_use(function.type, locals));
  ++depth_;
  ByteReader in(function.body, function.body_offset);
  const auto params = static_cast<uint32_t>(module_.func_type(index).params.size());
  CAIRN_TRY(local_declarations(in, params, locals));
  CAIRN_TRY(instructions(in, index, locals, [&](uint64_t, std::string_view text) { line(text); }));
  depth_ = 1;
  out_ += ")";
  return {};
}

Result<std::vector<InstructionText>> Printer::instruction_texts(FuncIndex index) {
  const Function& function = module_.functions[index.index()];
  const auto named = names_.locals.find(index.index());
  ByteReader in(function.body, function.body_offset);
  if (!skip_locals(in)) return in.failure();
  std::vector<InstructionText> texts;
  const auto emit = [&](uint64_t offset, std::string_view text) {
    texts.push_back({offset, std::string(indentation(), ' ').append(text)});
  };
  CAIRN_TRY(instructions(in, index, named == names_.locals.end() ? nullptr : &named->second, emit));
  return texts;
}

Result<void> Printer::local_declarations(ByteReader& in, uint32_t first, const NameMap* locals) {
  // The body may not have been validated. Without this limit, a few bytes could declare billions of locals.
  constexpr uint64_t kMaxLocals = 1'000'000;
  uint64_t index = first;
  std::string text;
  for (uint32_t runs = CAIRN_TRY(in.u32()); runs > 0; --runs) {
    const uint32_t count = CAIRN_TRY(in.u32());
    ValType type = ValType::i32;
    if (!read_value_type(in, type_context(), type)) return in.failure();
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

}  // namespace cairn::wasm::text

#include "wasm/text/printer.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/operation.hpp"
#include "wasm/text/cursor.hpp"
#include "wasm/text/lexer.hpp"
#include "wasm/text/text.hpp"

namespace cairn::wasm::text {

Result<std::string> disassemble(const Module& module) {
  return run_operation([&] { return Printer(module).print(); });
}

Result<std::vector<InstructionText>> disassemble_function(const Module& module, FuncIndex function) {
  return run_operation([&] { return Printer(module).instruction_texts(function); });
}

size_t Printer::indentation() const {
  // Deeper text is not indented further, so that the size of the text stays proportional to the module's size.
  constexpr size_t kMaxDepth = 32;
  return 2 * std::min(depth_, kMaxDepth);
}

void Printer::line(std::string_view text) {
  out_ += '\n';
  out_.append(indentation(), ' ');
  out_ += text;
}

Result<std::string> Printer::print() {
  out_ = "(module";
  if (names_.module) {
    out_ += names_.module->empty() ? " (@name \"\")" : " " + spell_identifier(*names_.module);
  }
  types();
  imports();
  for (uint32_t i = module_.imported_functions; i < module_.functions.size(); ++i) {
    CAIRN_TRY(function(FuncIndex(i)));
  }
  for (uint32_t i = module_.imported_tables; i < module_.tables.size(); ++i) {
    const Table& table = module_.tables[i];
    line("(table" + names_.tables.definition(i) + " " + table_type(table.type) +
         (table.initializer ? " " + expression(*table.initializer) : "") + ")");
  }
  for (uint32_t i = module_.imported_memories; i < module_.memories.size(); ++i) {
    line("(memory" + names_.memories.definition(i) + " " + memory_type(module_.memories[i].type) + ")");
  }
  for (uint32_t i = module_.imported_tags; i < module_.tags.size(); ++i) {
    line("(tag" + names_.tags.definition(i) + type_use(module_.tags[i].type.type, nullptr) + ")");
  }
  for (uint32_t i = module_.imported_globals; i < module_.globals.size(); ++i) {
    const Global& global = module_.globals[i];
    line("(global" + names_.globals.definition(i) + " " + global_type(global.type) + " " +
         expression(global.initializer) + ")");
  }
  exports();
  if (module_.start) line("(start " + names_.functions.use(module_.start->index()) + ")");
  for (uint32_t i = 0; i < module_.elements.size(); ++i) elem(i);
  for (uint32_t i = 0; i < module_.data.size(); ++i) data(i);
  custom_sections();
  out_ += ")\n";
  return std::move(out_);
}

void Printer::types() {
  for (uint32_t i = 0; i < module_.types.size();) {
    const uint32_t end = std::max(module_.types[i].group_end, i + 1);
    if (end - i == 1) {
      type(i++);
      continue;
    }
    line("(rec");
    ++depth_;
    while (i < end) type(i++);
    --depth_;
    out_ += ")";
  }
}

void Printer::type(uint32_t index) {
  const SubType& type = module_.types[index];
  std::string text = "(type" + names_.types.definition(index) + " ";
  const bool is_sub = !type.is_final || type.supertype;
  if (is_sub) {
    text += type.is_final ? "(sub final " : "(sub ";
    if (type.supertype) text += names_.types.use(type.supertype->index()) + " ";
  }
  switch (type.kind) {
    case SubType::Kind::func: text += "(func" + func_type(type.func, nullptr); break;
    case SubType::Kind::array: text += "(array " + field_type(type.fields[0]); break;
    case SubType::Kind::struct_: {
      text += "(struct";
      const auto named = names_.fields.find(index);
      for (uint32_t i = 0; i < type.fields.size(); ++i) {
        text += " (field" + (named == names_.fields.end() ? "" : named->second.definition(i)) + " " +
                field_type(type.fields[i]) + ")";
      }
      break;
    }
  }
  line(text + (is_sub ? ")))" : "))"));
}

void Printer::imports() {
  for (const Import& import : module_.imports) {
    const uint32_t i = import.index;
    std::string text = "(import " + spell_string(import.module) + " " + spell_string(import.name);
    switch (import.kind) {
      case ExternKind::func:
        text += " (func" + names_.functions.definition(i) + type_use(module_.functions[i].type, nullptr);
        break;
      case ExternKind::table:
        text += " (table" + names_.tables.definition(i) + " " + table_type(module_.tables[i].type);
        break;
      case ExternKind::memory:
        text += " (memory" + names_.memories.definition(i) + " " + memory_type(module_.memories[i].type);
        break;
      case ExternKind::global:
        text += " (global" + names_.globals.definition(i) + " " + global_type(module_.globals[i].type);
        break;
      case ExternKind::tag:
        text += " (tag" + names_.tags.definition(i) + type_use(module_.tags[i].type.type, nullptr);
        break;
    }
    line(text + "))");
  }
}

void Printer::exports() {
  for (const Export& item : module_.exports) {
    std::string text = "(export " + spell_string(item.name) + " (";
    switch (item.kind) {
      case ExternKind::func: text += "func " + names_.functions.use(item.index); break;
      case ExternKind::table: text += "table " + names_.tables.use(item.index); break;
      case ExternKind::memory: text += "memory " + names_.memories.use(item.index); break;
      case ExternKind::global: text += "global " + names_.globals.use(item.index); break;
      case ExternKind::tag: text += "tag " + names_.tags.use(item.index); break;
    }
    line(text + "))");
  }
}

void Printer::elem(uint32_t index) {
  const ElemSegment& segment = module_.elements[index];
  std::string text = "(elem" + names_.elems.definition(index);
  if (segment.mode == SegmentMode::declarative) text += " declare";
  if (segment.mode == SegmentMode::active) {
    text += " (table " + names_.tables.use(segment.table.index()) + ") (offset " + expression(segment.offset) + ")";
  }
  const bool is_functions =
      !segment.functions.empty() ||
      (segment.expressions.empty() && segment.type == ValType::reference(Nullability::non_null, HeapType::func));
  if (is_functions) {
    text += " func";
    for (FuncIndex function : segment.functions) text += " " + names_.functions.use(function.index());
  } else {
    text += " " + value_type(segment.type);
    for (const ConstExpr& item : segment.expressions) text += " (item " + expression(item) + ")";
  }
  line(text + ")");
}

void Printer::data(uint32_t index) {
  const DataSegment& segment = module_.data[index];
  std::string text = "(data" + names_.datas.definition(index);
  if (segment.mode == SegmentMode::active) {
    text += " (memory " + names_.memories.use(segment.memory.index()) + ") (offset " + expression(segment.offset) + ")";
  }
  const std::string_view bytes(reinterpret_cast<const char*>(segment.bytes.data()), segment.bytes.size());
  line(text + " " + spell_string(bytes) + ")");
}

// Prints custom sections as annotations. Each annotation has the place of its section: before all sections, or after a
// certain one.
void Printer::custom_sections() {
  constexpr std::string_view kSections[] = {"",       "type",  "import", "func", "table", "memory",    "global",
                                            "export", "start", "elem",   "code", "data",  "datacount", "tag"};
  ByteReader in(std::span(module_.bytes).subspan(std::min<size_t>(8, module_.bytes.size())), 8);
  size_t next = 0;
  std::string place = "(before first)";
  while (!in.at_end() && next < module_.custom_sections.size()) {
    uint8_t id = 0;
    uint32_t size = 0;
    if (!in.read_u8(id) || !in.read_u32(size) || !in.skip(size)) return;
    if (id != 0) {
      if (id < std::size(kSections)) place = "(after " + std::string(kSections[id]) + ")";
      continue;
    }
    const CustomSection& section = module_.custom_sections[next++];
    // The contents of these two sections are printed with the names and instructions.
    if (section.name == "name" || section.name == "metadata.code.branch_hint") continue;
    const std::string_view bytes(reinterpret_cast<const char*>(section.bytes.data()), section.bytes.size());
    line("(@custom " + spell_string(section.name) + " " + place + " " + spell_string(bytes) + ")");
  }
}

}  // namespace cairn::wasm::text

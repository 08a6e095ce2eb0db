// Prints the immediates, which follow an instruction's name in the text format ([wasm 6.5]).
#include "base/format.hpp"
#include "wasm/decode/immediates.hpp"
#include "wasm/text/print_number.hpp"
#include "wasm/text/printer.hpp"

namespace cairn::wasm::text {

// Collects the immediates as text, each with a space in front. A table or memory of index 0 is left out, unless the
// instruction names two tables or two memories.
class Printer::ImmediatePrinter : public ImmediateVisitor {
 public:
  ImmediatePrinter(const Printer& printer, Opcode opcode, const NameMap* locals)
      : printer_(printer), opcode_(opcode), locals_(locals) {}

  // Returns the text of all immediates. The caller reads it after the last event.
  std::string text() {
    switch (info(opcode_).immediate) {
      case Immediate::type_table: return container_ + " (type" + text_ + ")";
      case Immediate::elem_table:
      case Immediate::data_memory: return container_ + text_;
      case Immediate::select_types: return " (result" + text_ + ")";
      default: return std::move(text_);
    }
  }

  void block_type(const BlockType& type) {
    if (type.kind == BlockType::Kind::value) text_ += " (result " + printer_.value_type(type.value) + ")";
    if (type.kind == BlockType::Kind::type) text_ += printer_.type_use(TypeIndex(type.type), nullptr);
  }

  void catch_clause(uint8_t kind, uint32_t tag, uint32_t label) {
    constexpr std::string_view kNames[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
    text_ += " (" + std::string(kNames[kind]);
    if (kind < 2) text_ += " " + printer_.names_.tags.use(tag);
    text_ += " " + decimal(label) + ")";
  }

  void index(Immediate space, uint32_t number) {
    switch (info(opcode_).immediate) {
      case Immediate::table:
      case Immediate::memory:
        if (number != 0) text_ += " " + names(space).use(number);
        return;
      case Immediate::type_table:
      case Immediate::elem_table:
      case Immediate::data_memory:
        if (space == Immediate::table || space == Immediate::memory) {
          if (number != 0) container_ = " " + names(space).use(number);
          return;
        }
        break;
      default: break;
    }
    text_ += " " + names(space).use(number);
  }

  void field(uint32_t type, uint32_t field) {
    const auto& fields = printer_.names_.fields;
    const auto named = fields.find(type);
    text_ += " " + printer_.names_.types.use(type);
    text_ += " " + (named == fields.end() ? decimal(field) : named->second.use(field));
  }

  void heap_type(HeapType type) {
    if (opcode_ == Opcode::ref_null) {
      text_ += " " + printer_.heap_type(type);
      return;
    }
    bool is_nullable = opcode_ != Opcode::ref_test && opcode_ != Opcode::ref_cast;
    if (info(opcode_).immediate == Immediate::cast_label) {
      // Bit 0 of the flags belongs to the first type, bit 1 to the second ([wasm 5.4.2]).
      is_nullable = (cast_flags_ & 1) != 0;
      cast_flags_ >>= 1;
    }
    value_type(ValType::reference(is_nullable ? Nullability::nullable : Nullability::non_null, type));
  }

  void memory_argument(uint32_t align_log2, uint32_t memory, uint64_t offset) {
    if (memory != 0) text_ += " " + printer_.names_.memories.use(memory);
    if (offset != 0) text_ += " offset=" + decimal(offset);
    if (align_log2 != info(opcode_).shape) text_ += " align=" + decimal(uint64_t{1} << align_log2);
  }

  void v128(uint64_t low, uint64_t high) {
    text_ += " i32x4";
    for (const uint64_t half : {low, high}) text_ += " " + hex(half & 0xffff'ffff, 8) + " " + hex(half >> 32, 8);
  }

  void label(uint32_t number) { text_ += " " + decimal(number); }
  void operand_count(uint32_t count) { text_ += " " + decimal(count); }
  void cast_flags(uint8_t flags) { cast_flags_ = flags; }
  void value_type(ValType type) { text_ += " " + printer_.value_type(type); }
  void lane(uint8_t number) { text_ += " " + decimal(uint32_t{number}); }
  void i32(int32_t number) { text_ += " " + decimal(number); }
  void i64(int64_t number) { text_ += " " + decimal(number); }
  void f32(uint32_t bits) { text_ += " " + spell_f32(bits); }
  void f64(uint64_t bits) { text_ += " " + spell_f64(bits); }

 private:
  [[nodiscard]] const NameMap& names(Immediate space) const {
    const ModuleNames& names = printer_.names_;
    switch (space) {
      case Immediate::func: return names.functions;
      case Immediate::type: return names.types;
      case Immediate::local: return locals_ == nullptr ? printer_.no_names_ : *locals_;
      case Immediate::global: return names.globals;
      case Immediate::table: return names.tables;
      case Immediate::memory: return names.memories;
      case Immediate::elem: return names.elems;
      case Immediate::data: return names.datas;
      case Immediate::tag: return names.tags;
      default: return printer_.no_names_;
    }
  }

  const Printer& printer_;
  Opcode opcode_;
  const NameMap* locals_;
  std::string text_;
  std::string container_;  // the table or memory, if the text format has it in front of the type or segment
  uint8_t cast_flags_ = 0;
};

Result<std::string> Printer::immediates(ByteReader& in, Opcode opcode, const NameMap* locals) const {
  ImmediatePrinter printer(*this, opcode, locals);
  if (!ImmediateReader(in, type_context(), printer).read(opcode)) return in.failure();
  return printer.text();
}

}  // namespace cairn::wasm::text

// Turns one module in the text format ([wasm 6.6]) into the binary format.
//
// The assembler reads the text three times. bind_fields() gives every definition its index, so that names can be used
// before they are defined. define_types() encodes the type definitions, so that type uses can be compared with them.
// encode_field() writes each other field straight into the bytes of its section. Type uses without a definition append
// types when they are encountered. The assembler does not validate the module; the decoder and the validator do.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "wasm/module.hpp"
#include "wasm/text/byte_writer.hpp"
#include "wasm/text/cursor.hpp"
#include "wasm/text/index_space.hpp"
#include "wasm/text/source_map.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::wasm::text {

class Assembler {
 public:
  // The tokens [begin, end) are the module's fields. `end` is the module's closing parenthesis or the end of the text.
  // `map` is filled if it is not null.
  Assembler(const TokenStream& stream, uint32_t begin, uint32_t end, Features features, SourceMap* map = nullptr)
      : cursor_(stream, begin),
        begin_(begin),
        end_(end),
        size_bits_(features.has(Feature::memory64) ? 64 : 32),
        annotation_used_(stream.annotations.size()),
        map_(map) {}

  void set_module_name(std::string_view name) { module_name_ = name; }

  // Returns the bytes of the module. To be called once.
  Result<std::vector<std::byte>> assemble();

 private:
  // A function that encodes a construct begins with the cursor at the construct (or after its keyword) and leaves the
  // cursor after it. Its errors are messages for the author of the text.

  using Kind = Token::Kind;

  // --- assembler.cpp: fields and sections.
  Result<std::vector<std::byte>> assemble_in_order();
  enum class FieldKind : uint8_t { type, rec, import, func, table, memory, global, tag, export_, start, elem, data };
  struct Field {
    FieldKind kind;
    uint32_t position;  // position of the token after the field's keyword
    uint32_t end;       // position of the field's closing parenthesis
    uint32_t index;     // index in the index space of the definition, import or segment
  };
  Result<void> bind_fields();
  Result<void> bind_field(Field& field, std::string_view keyword);
  Result<void> bind_import(Field& field);
  Result<void> bind_definition(Field& field, IndexSpace& space);
  Result<void> bind_type(uint32_t& index);
  Result<void> check_import_order(std::string_view keyword, uint64_t offset);
  bool has_inline_import() const;
  bool has_child(std::string_view keyword, uint32_t end) const;
  Result<void> encode_field(const Field& field);
  std::vector<std::byte> link_sections();
  Result<void> close_field(const Field& field);

  // --- assemble_names.cpp
  Result<void> bind(IndexSpace& space, uint32_t index, const Token& token);
  // Binds an optional identifier and an optional @name annotation.
  Result<void> bind_optional(IndexSpace& space, uint32_t index);
  Result<void> take_name_annotation(IndexSpace& space, uint32_t index);
  Result<uint32_t> index(const IndexSpace& space);
  Result<uint32_t> optional_index(const IndexSpace& space);
  void encode_name_section(ByteWriter& out) const;

  // --- assemble_annotations.cpp
  // A custom section that a @custom annotation describes.
  struct Custom {
    std::string name;
    std::vector<std::byte> bytes;
    uint32_t place;  // 2 * the position of the known section, plus 1 if the custom section comes after it
  };
  // Returns the index of the first unused annotation of that name directly in front of the current token, or the number
  // of annotations if there is none.
  size_t find_annotation(std::string_view name) const;
  Result<void> take_custom_annotations();
  Result<void> take_custom(const Annotation& annotation);
  Result<uint32_t> custom_place(Cursor& cursor);
  Result<std::optional<std::string>> take_name();
  Result<void> check_annotations_used() const;
  // A branch hint that waits for the instruction after it.
  struct PendingHint {
    uint32_t offset;  // offset of the annotation in the text
    bool likely;
  };
  Result<std::optional<PendingHint>> take_branch_hint();

  // --- assemble_types.cpp
  // The parameters and results of a function type, as bytes of the binary format.
  struct FuncShape {
    ByteWriter params;
    ByteWriter results;
    uint32_t param_count = 0;
    uint32_t result_count = 0;
    [[nodiscard]] bool is_empty() const { return param_count == 0 && result_count == 0; }
    [[nodiscard]] std::string encode() const;
  };
  // What the assembler needs to know about a type of the module.
  struct TypeInfo {
    std::optional<std::string> func;  // the encoded type, if it is a function type
    uint32_t param_count = 0;
    std::optional<IndexSpace> fields;  // the named fields of a struct
  };
  Result<void> define_types();
  Result<void> define_type(ByteWriter& out);
  Result<void> composite_type(ByteWriter& out, TypeInfo& info);
  Result<void> field_list(ByteWriter& out, TypeInfo& info);
  Result<void> field_type(ByteWriter& out);
  Result<void> storage_type(ByteWriter& out);
  Result<void> value_type(ByteWriter& out);
  struct RefType {
    bool is_nullable;
    ByteWriter heap;
    void append_to(ByteWriter& out) const;
    [[nodiscard]] bool is_funcref() const;
  };
  [[nodiscard]] bool at_reference_type() const;
  Result<RefType> reference_type();
  Result<void> heap_type(ByteWriter& out);
  // What func_shape() does with the identifiers of parameters.
  enum class ParamNames : uint8_t { refuse, ignore, bind };
  // Reads (param ...)* (result ...)*. If names are to be bound, the parameters are added to `locals`.
  Result<FuncShape> func_shape(ParamNames names, IndexSpace* locals);
  // A type use ([wasm 6.4.15]): the index of a type, or parameters and results, or both.
  struct TypeUse {
    std::optional<uint32_t> type;  // the index x of a (type x)
    FuncShape shape;
    uint64_t offset = 0;
  };
  Result<TypeUse> type_use(ParamNames names, IndexSpace* locals);
  // Returns the type index of a type use. Without a (type x), it is the index of an equal type, which is appended if
  // there is none.
  Result<uint32_t> resolve(const TypeUse& use);
  Result<uint32_t> type_use_index(ParamNames names) { return resolve(CAIRN_TRY(type_use(names, nullptr))); }
  Result<void> limits(ByteWriter& out, uint32_t flags, bool is_memory);
  uint32_t address_flag();
  Result<void> table_type(ByteWriter& out);
  Result<void> memory_type(ByteWriter& out);
  Result<std::optional<uint32_t>> page_size();
  Result<void> global_type(ByteWriter& out);

  // --- assemble_fields.cpp
  Result<void> import_field(const Field& field);
  // Encodes the description of an import. The cursor is after the import's identifier.
  Result<void> import_type(ByteWriter& out, FieldKind kind);
  Result<void> inline_exports(ExternKind kind, uint32_t index);
  // If the cursor is at (import "m" "n"), encodes the rest of the field as an import and returns true. Otherwise
  // returns false.
  Result<bool> inline_import(FieldKind kind);
  Result<void> func_field(const Field& field);
  Result<void> table_field(const Field& field);
  Result<void> inline_elements(const Field& field, const RefType& type, uint32_t address);
  Result<void> memory_field(const Field& field);
  Result<void> global_field(const Field& field);
  Result<void> tag_field(const Field& field);
  Result<void> export_field();
  Result<void> start_field();
  Result<void> elem_field();
  Result<void> elem_expressions(VectorWriter& out);
  void put_elem(SegmentMode mode, uint32_t table, const ByteWriter& offset, const std::optional<RefType>& type,
                const VectorWriter& items);
  Result<void> data_field();
  Result<void> offset_expression(ByteWriter& out);
  Result<void> strings(ByteWriter& out);

  // --- assemble_code.cpp: instruction sequences. They are parsed with an explicit stack, not by recursion.
  // An entry of this stack: a block or folded instruction that is still open.
  struct Frame {
    enum class Kind : uint8_t {
      // Closed by "end":
      block,
      if_,
      else_,
      try_,
      catch_,
      catch_all,
      // Closed by ")":
      folded_plain,
      folded_block,
      folded_if,
      folded_then,
      folded_else,
      folded_try,
      folded_do,
      folded_catch,
    };
    Kind kind;
    Opcode opcode;
    uint8_t stage = 0;       // for folded_if: number of clauses so far; for folded_try: Stage in open_try_clause()
    uint32_t pending = 0;    // for folded_plain, folded_if: where the bytes of the instruction begin in pending_
    std::string_view label;  // empty if there is none
    std::optional<PendingHint> hint;
    uint32_t source = 0;  // for folded instructions: the instruction's offset in the text
  };
  Result<void> func_body(IndexSpace& locals);
  Result<void> local_declarations(IndexSpace& locals, ByteWriter& out);
  // Encodes all instructions up to the ")" that closes the enclosing parenthesis, and an "end".
  Result<void> instructions(ByteWriter& out);
  // Encodes one folded instruction.
  Result<void> folded_expression(ByteWriter& out);
  // Encodes instructions: one folded instruction if `only_one`, otherwise all up to the ")" of the enclosing
  // parenthesis. `base` is always 0, the number of frames at the start.
  Result<void> run_instructions(size_t base, bool only_one);
  // Records that the next bytes of the function come from this offset in the text.
  void note_source(uint32_t offset) {
    if (map_ != nullptr && locals_ != nullptr) map_->note(out_->size(), offset);
  }
  [[nodiscard]] uint32_t source_here() const;
  Result<void> open_folded();
  Result<bool> open_folded_clause(Frame& parent);  // returns whether there is a clause
  Result<void> open_try_clause(Frame& parent);
  Result<void> close_folded();
  Result<void> flat_instruction();
  Result<void> flat_delimiter(Opcode opcode);
  Result<void> open_block(Opcode opcode, Frame::Kind kind, std::optional<PendingHint> hint);
  Result<void> push_frame(Frame frame);
  // Takes the branch hint in front of the current token. If there is none, returns `earlier`.
  Result<std::optional<PendingHint>> hint_here(std::optional<PendingHint> earlier);
  std::string_view optional_label();
  Result<void> repeated_label(const Frame& frame);
  void push_label(std::string_view name);
  void pop_label();
  Result<void> block_type(ByteWriter& out);
  Result<void> catch_clauses(ByteWriter& out);
  Result<void> note_hint(const std::optional<PendingHint>& hint, Opcode opcode);

  // --- assemble_immediates.cpp
  void put_opcode(ByteWriter& out, Opcode opcode);
  // Writes the opcode and the immediates of an instruction in the binary format's order. The cursor is at the
  // immediates.
  Result<void> plain_instruction(ByteWriter& out, Opcode opcode);
  Result<void> label_index(ByteWriter& out);
  Result<void> put_index(ByteWriter& out, const IndexSpace& space);
  Result<void> label_table(ByteWriter& out);
  Result<void> cast_label(ByteWriter& out);
  Result<void> indirect_call(ByteWriter& out);
  Result<void> field_index(ByteWriter& out);
  Result<void> two_indices(ByteWriter& out, const IndexSpace& space);
  // Reads an optional index in `container` and an index in `segment`. The binary format has them in reverse order.
  Result<void> segment_and_container(ByteWriter& out, const IndexSpace& container, const IndexSpace& segment);
  Result<void> memory_argument(ByteWriter& out, Opcode opcode, bool has_lane);
  Result<void> lane_index(ByteWriter& out);
  Result<void> shuffle(ByteWriter& out);
  Result<void> vector_constant(ByteWriter& out);
  Result<uint64_t> integer_literal(unsigned bits);
  Result<uint64_t> float_literal(unsigned bits);
  Result<void> select_types(ByteWriter& out, Opcode opcode);
  Result<void> reference_test(ByteWriter& out, Opcode opcode);

  Cursor cursor_;
  uint32_t begin_;
  uint32_t end_;
  unsigned size_bits_;  // number of bits of a size in limits: 32 or 64

  IndexSpace types_{"type"};
  IndexSpace funcs_{"function"};
  IndexSpace tables_{"table"};
  IndexSpace memories_{"memory"};
  IndexSpace globals_{"global"};
  IndexSpace tags_{"tag"};
  IndexSpace elems_{"elem segment"};
  IndexSpace datas_{"data segment"};

  std::vector<Field> fields_;
  // The kind of the latest definition that an import must not follow; empty if there is none so far.
  std::string_view last_definition_;
  std::deque<TypeInfo> type_infos_;
  uint32_t defined_types_ = 0;                            // the number of types that define_types() has encoded
  std::unordered_map<std::string, uint32_t> func_types_;  // from an encoded type to its first index
  bool uses_data_count_ = false;

  VectorWriter type_section_;  // one item for each recursive group
  VectorWriter import_section_;
  VectorWriter function_section_;
  VectorWriter table_section_;
  VectorWriter memory_section_;
  VectorWriter tag_section_;
  VectorWriter global_section_;
  VectorWriter export_section_;
  std::optional<uint32_t> start_;
  VectorWriter elem_section_;
  VectorWriter code_section_;
  VectorWriter data_section_;
  VectorWriter hint_section_;  // one item for each function with branch hints

  // --- The expression that is being encoded
  ByteWriter* out_ = nullptr;  // receives the expression's bytes
  ByteWriter pending_;         // instructions that wait for their folded operands
  std::vector<Frame> frames_;
  struct Label {
    std::string_view name;  // empty if there is none
    uint32_t shadowed;      // index of the outer label with the same name, or kNone
  };
  std::vector<Label> labels_;
  std::unordered_map<std::string_view, uint32_t> label_indices_;
  const IndexSpace* locals_ = nullptr;  // null outside functions
  VectorWriter hints_;                  // hints of the current function
  uint32_t block_count_ = 0;            // number of the current function's blocks so far, for their names

  // --- The contents of the name section
  using NameMap = std::vector<std::pair<uint32_t, std::string>>;
  std::string module_name_;
  bool has_module_annotation_ = false;
  std::vector<std::pair<uint32_t, NameMap>> local_names_;
  std::vector<std::pair<uint32_t, NameMap>> label_names_;
  NameMap current_labels_;

  std::vector<Custom> customs_;
  std::vector<bool> annotation_used_;
  SourceMap* map_;  // may be null
};

}  // namespace cairn::wasm::text

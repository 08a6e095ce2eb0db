// Reads the annotations that make custom sections ([wasm 7.6]): @custom, @name, @metadata.code.branch_hint.
#include <algorithm>
#include <array>

#include "wasm/text/assembler.hpp"
#include "wasm/text/lexer.hpp"
#include "wasm/text/utf8.hpp"

namespace cairn::wasm::text {
namespace {

// Returns the contents of an annotation as a token stream of its own, which ends with eof.
TokenStream contents_of(const TokenStream& stream, const Annotation& annotation) {
  TokenStream contents;
  contents.source = stream.source;
  contents.tokens.assign(stream.annotation_tokens.begin() + annotation.begin,
                         stream.annotation_tokens.begin() + annotation.end);
  contents.tokens.push_back(Token{annotation.offset, 0, Token::kNone, Token::Kind::eof});
  return contents;
}

// Takes all strings from the cursor on, up to the first other token, and joins them.
std::string join_strings(Cursor& cursor) {
  std::string joined;
  while (cursor.at(Token::Kind::string)) joined += string_value(cursor.stream().text(cursor.next()));
  return joined;
}

}  // namespace

size_t Assembler::find_annotation(std::string_view name) const {
  const auto& annotations = cursor_.stream().annotations;
  if (annotations.empty()) return 0;
  auto [first, last] = std::ranges::equal_range(annotations, cursor_.position(), {}, &Annotation::before);
  for (; first != last; ++first) {
    const auto i = static_cast<size_t>(first - annotations.begin());
    if (first->name == name && !annotation_used_[i]) return i;
  }
  return annotations.size();
}

Result<void> Assembler::take_custom_annotations() {
  while (true) {
    const size_t found = find_annotation("custom");
    if (found == annotation_used_.size()) return {};
    annotation_used_[found] = true;
    CAIRN_TRY(take_custom(cursor_.stream().annotations[found]));
  }
}

Result<void> Assembler::take_custom(const Annotation& annotation) {
  const TokenStream contents = contents_of(cursor_.stream(), annotation);
  Cursor cursor(contents, 0);
  const auto error = [&](std::string_view message) {
    const uint32_t offset = cursor.at(Kind::eof) ? annotation.offset : cursor.peek().offset;
    return Cursor::error_at(offset, "@custom annotation: " + std::string(message));
  };
  if (!cursor.at(Kind::string)) return error("missing section name");
  Custom custom;
  custom.name = string_value(contents.text(cursor.peek()));
  if (!is_utf8(custom.name)) return error("malformed UTF-8 encoding");
  cursor.next();
  custom.place = CAIRN_TRY(custom_place(cursor));
  const std::string joined = join_strings(cursor);
  const auto bytes = std::as_bytes(std::span(joined));
  custom.bytes.assign(bytes.begin(), bytes.end());
  if (!cursor.at(Kind::eof)) return error("unexpected token");
  customs_.push_back(std::move(custom));
  return {};
}

Result<uint32_t> Assembler::custom_place(Cursor& cursor) {
  static constexpr auto kSections =
      std::to_array<std::string_view>({"type", "import", "func", "table", "memory", "tag", "global", "export", "start",
                                       "elem", "datacount", "code", "data"});
  constexpr uint32_t kLast = kSections.size() - 1;
  if (!cursor.at(Kind::lparen)) return 2 * kLast + 1;
  cursor.next();
  const bool is_after = cursor.at_keyword("after");
  if (!is_after && !cursor.at_keyword("before")) return cursor.error("@custom annotation: malformed placement");
  cursor.next();
  uint32_t section = kLast;
  if (cursor.at_keyword("first")) {
    section = 0;
  } else if (!cursor.at_keyword("last")) {
    const auto* found = std::ranges::find(kSections, cursor.text());
    if (found == kSections.end()) return cursor.error("@custom annotation: malformed section kind");
    section = static_cast<uint32_t>(found - kSections.begin());
  }
  cursor.next();
  if (!cursor.at(Kind::rparen)) return cursor.error("@custom annotation: unexpected token");
  cursor.next();
  return 2 * section + (is_after ? 1 : 0);
}

Result<std::optional<std::string>> Assembler::take_name() {
  const size_t found = find_annotation("name");
  if (found == annotation_used_.size()) return std::nullopt;
  annotation_used_[found] = true;
  const Annotation& annotation = cursor_.stream().annotations[found];
  const TokenStream contents = contents_of(cursor_.stream(), annotation);
  Cursor cursor(contents, 0);
  if (!cursor.at(Kind::string)) return Cursor::error_at(annotation.offset, "@name annotation: string expected");
  std::string name = string_value(contents.text(cursor.next()));
  if (!is_utf8(name)) return Cursor::error_at(annotation.offset, "@name annotation: malformed UTF-8 encoding");
  if (!cursor.at(Kind::eof)) return cursor.error("@name annotation: unexpected token");
  return name;
}

Result<std::optional<Assembler::PendingHint>> Assembler::take_branch_hint() {
  constexpr std::string_view kName = "metadata.code.branch_hint";
  const size_t found = find_annotation(kName);
  if (found == annotation_used_.size()) return std::nullopt;
  annotation_used_[found] = true;
  const Annotation& annotation = cursor_.stream().annotations[found];
  const auto error = [&](std::string_view message) {
    return Cursor::error_at(annotation.offset, "@metadata.code.branch_hint annotation: " + std::string(message));
  };
  if (locals_ == nullptr) return error("not in a function");
  if (find_annotation(kName) != annotation_used_.size()) return error("duplicate annotation");
  const TokenStream contents = contents_of(cursor_.stream(), annotation);
  Cursor cursor(contents, 0);
  const std::string value = join_strings(cursor);
  if (!cursor.at(Kind::eof)) return error("unexpected token");
  if (value.size() != 1 || (value[0] != 0 && value[0] != 1)) return error("invalid hint value");
  return PendingHint{annotation.offset, value[0] == 1};
}

Result<void> Assembler::note_hint(const std::optional<PendingHint>& hint, Opcode opcode) {
  if (!hint) return {};
  if (opcode != Opcode::if_ && opcode != Opcode::br_if) {
    return fail(Error::at(ErrorKind::invalid, hint->offset, "@metadata.code.branch_hint annotation: invalid target"));
  }
  ByteWriter& out = hints_.add();
  out.unsigned_leb(out_->size());
  out.unsigned_leb(1);
  out.byte(hint->likely ? 1 : 0);
  return {};
}

Result<void> Assembler::check_annotations_used() const {
  const auto& annotations = cursor_.stream().annotations;
  for (size_t i = 0; i < annotations.size(); ++i) {
    const Annotation& annotation = annotations[i];
    if (annotation_used_[i] || annotation.before < begin_ || annotation.before > end_) continue;
    if (!annotation.name.starts_with("metadata.")) {
      return Cursor::error_at(annotation.offset, "misplaced @" + annotation.name + " annotation");
    }
    const bool in_function = std::ranges::any_of(fields_, [&](const Field& field) {
      return field.kind == FieldKind::func && annotation.before > field.position && annotation.before <= field.end;
    });
    return Cursor::error_at(annotation.offset, "@" + annotation.name + " annotation: " +
                                                   (in_function ? "invalid placement" : "not in a function"));
  }
  return {};
}

}  // namespace cairn::wasm::text

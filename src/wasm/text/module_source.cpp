#include "wasm/text/module_source.hpp"

#include "base/format.hpp"
#include "wasm/text/assembler.hpp"
#include "wasm/text/lexer.hpp"

namespace cairn::wasm::text {

namespace {

// Whether the text comes from a quoted module. Such a text must not contain another quoted module, so that a text
// cannot nest modules to any depth.
enum class Quoted : bool { no, yes };

Result<std::vector<std::byte>> assemble(std::string_view source, Features features, SourceMap* map, Quoted quoted) {
  if (source.size() >= 0xffff'ffff) return fail(Error::of(ErrorKind::limit, "the text is longer than 4 GiB"));
  const TokenStream stream = lex(source);
  Cursor cursor(stream, 0);
  const auto eof = static_cast<uint32_t>(stream.tokens.size() - 1);
  if (!cursor.at_open("module")) return Assembler(stream, 0, eof, features, map).assemble();
  const uint32_t after = CAIRN_TRY(cursor.after_group());
  cursor.next();
  cursor.next();
  std::string_view name;
  if (cursor.at(Token::Kind::identifier)) name = stream.identifier(cursor.next());
  const ModuleForm form = take_form(cursor);
  if (quoted == Quoted::yes && form == ModuleForm::quote) return cursor.error("a quoted module quotes another");
  auto bytes = CAIRN_TRY(module_bytes(cursor, after - 1, form, name, features, map));
  cursor.seek(after);
  CAIRN_TRY(cursor.expect(Token::Kind::eof, "the end of the text"));
  return bytes;
}

}  // namespace

Result<std::vector<std::byte>> assemble_source(std::string_view source, Features features, SourceMap* map) {
  return assemble(source, features, map, Quoted::no);
}

ModuleForm take_form(Cursor& cursor) {
  if (cursor.take_keyword("binary")) return ModuleForm::binary;
  if (cursor.take_keyword("quote")) return ModuleForm::quote;
  return ModuleForm::text;
}

Result<std::vector<std::byte>> module_bytes(Cursor cursor, uint32_t end, ModuleForm form, std::string_view name,
                                            Features features, SourceMap* map) {
  if (form == ModuleForm::text) {
    Assembler assembler(cursor.stream(), cursor.position(), end, features, map);
    assembler.set_module_name(name);
    return assembler.assemble();
  }
  std::string contents;
  while (cursor.position() < end) contents += CAIRN_TRY(cursor.expect_string("a string"));
  if (form == ModuleForm::quote) return assemble(contents, features, nullptr, Quoted::yes);
  const auto bytes = std::as_bytes(std::span(contents));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace cairn::wasm::text

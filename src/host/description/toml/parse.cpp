#include "host/description/toml/parse.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "host/description/toml/cursor.hpp"
#include "host/description/toml/scalars.hpp"
#include "wasm/utf8.hpp"

namespace cairn::host::toml {
namespace {

struct Key {
  std::string text;
  Position position;
};

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

Value table_value(Position position, Origin origin) {
  Value value = Value::of(Kind::table, position);
  value.table.origin = origin;
  return value;
}

class Parser {
 public:
  Parser(std::string_view text, Mistakes& mistakes) : cursor_(text), mistakes_(mistakes) {}

  Table parse() {
    while (!cursor_.is_at_end()) {
      if (!parse_line()) skip_to_header();
    }
    return std::move(root_);
  }

 private:
  bool fail(Position position, std::string text) {
    mistakes_.add(position, std::move(text));
    return false;
  }
  bool fail_here(std::string text) { return fail(cursor_.position(), std::move(text)); }
  bool fail_defined(const Key& key, const Entry& before) {
    return fail(key.position, "this key is defined already (line " + decimal(before.position.line) + ")");
  }

  void skip_to_header() {
    do {
      while (!cursor_.is_at_end() && !cursor_.skip("\n")) cursor_.advance();
    } while (!cursor_.is_at_end() && cursor_.peek() != '[');
  }

  bool parse_line() {
    cursor_.skip_blanks();
    if (!cursor_.is_at_line_end() && cursor_.peek() != '#') {
      if (cursor_.peek() == '[' ? !parse_header() : !parse_entry(current_)) return false;
    }
    return end_line();
  }

  // Skips blanks, a comment, and the end of the line.
  bool end_line() {
    cursor_.skip_blanks();
    if (cursor_.peek() == '#' && !skip_comment()) return false;
    if (!cursor_.is_at_line_end()) return fail_here("the end of the line is expected here");
    cursor_.skip("\r");
    cursor_.skip("\n");
    return true;
  }

  bool skip_comment() {
    for (; !cursor_.is_at_line_end(); cursor_.advance()) {
      const auto c = static_cast<unsigned char>(cursor_.peek());
      if ((c < ' ' && c != '\t') || c == 0x7f) return fail_here("a comment must not contain a control character");
    }
    return true;
  }

  // Skips blanks, comments and ends of lines inside an array.
  bool skip_lines() {
    for (;;) {
      cursor_.skip_blanks();
      if (cursor_.is_at_end()) return true;
      if (cursor_.peek() != '#' && !cursor_.is_at_line_end()) return true;
      if (!end_line()) return false;
    }
  }

  std::optional<std::vector<Key>> parse_key() {
    std::vector<Key> parts;
    do {
      cursor_.skip_blanks();
      const Position position = cursor_.position();
      if (parts.size() == kMaximumDepth)
        return fail_here("this key has more than " + decimal(uint64_t{kMaximumDepth}) + " parts"), std::nullopt;
      if (cursor_.peek() == '"' || cursor_.peek() == '\'') {
        auto text = read_line_string(cursor_, mistakes_);
        if (!text) return std::nullopt;
        parts.push_back({*std::move(text), position});
      } else {
        const std::string_view rest = cursor_.rest();
        const auto size = static_cast<size_t>(std::ranges::find_if_not(rest, is_bare) - rest.begin());
        if (size == 0)
          return fail_here("a key is expected here: letters, digits, dashes, underscores, or a string"), std::nullopt;
        parts.push_back({std::string(rest.substr(0, size)), position});
        cursor_.advance(size);
      }
      cursor_.skip_blanks();
    } while (cursor_.skip("."));
    return parts;
  }

  // Parses [key] or [[key]], and makes the table the current one.
  bool parse_header() {
    const Position position = cursor_.position();
    const bool is_array = cursor_.at("[[");
    cursor_.advance(is_array ? 2 : 1);
    const auto parts = parse_key();
    if (!parts) return false;
    if (!cursor_.skip(is_array ? "]]" : "]")) return fail_here(is_array ? "]] is expected here" : "] is expected here");
    // If the header turns out to be wrong, the entries after it must not go to the previous table.
    current_ = &nowhere_;
    Table* const parent = find_parent(*parts);
    if (parent == nullptr) return false;
    return is_array ? open_array(*parent, parts->back(), position) : open_table(*parent, parts->back(), position);
  }

  // Returns the table that holds the last part of a header's key; null after a mistake.
  Table* find_parent(std::span<const Key> parts) {
    Table* table = &root_;
    for (const Key& key : parts.first(parts.size() - 1)) {
      Entry* entry = table->find(key.text);
      if (entry == nullptr) {
        entry = &table->add({key.text, key.position, table_value(key.position, Origin::parent)});
      }
      Value& value = entry->value;
      const bool is_open = value.kind == Kind::table && value.table.origin != Origin::braces;
      if (!is_open && !value.is_table_array) return fail_defined(key, *entry), nullptr;
      table = is_open ? &value.table : &value.elements.back().table;
    }
    return table;
  }

  bool open_table(Table& parent, const Key& key, Position position) {
    Entry* entry = parent.find(key.text);
    if (entry == nullptr) {
      entry = &parent.add({key.text, key.position, table_value(position, Origin::header)});
    } else if (entry->value.kind == Kind::table && entry->value.table.origin == Origin::parent) {
      entry->value.table.origin = Origin::header;
      entry->value.position = position;
    } else {
      return fail_defined(key, *entry);
    }
    current_ = &entry->value.table;
    return true;
  }

  bool open_array(Table& parent, const Key& key, Position position) {
    Entry* entry = parent.find(key.text);
    if (entry == nullptr) {
      entry = &parent.add({key.text, key.position, Value::of(Kind::array, position)});
      entry->value.is_table_array = true;
    } else if (!entry->value.is_table_array) {
      return fail_defined(key, *entry);
    }
    current_ = &entry->value.elements.emplace_back(table_value(position, Origin::header)).table;
    return true;
  }

  // Parses `key = value`, and adds it to the table.
  bool parse_entry(Table* table, size_t depth = 0) {
    auto parts = parse_key();
    if (!parts) return false;
    if (!cursor_.skip("=")) return fail_here("= is expected here, after the key");
    cursor_.skip_blanks();
    auto value = parse_value(depth);
    if (!value) return false;
    for (const Key& key : std::span(*parts).first(parts->size() - 1)) {
      Entry* entry = table->find(key.text);
      if (entry == nullptr) {
        entry = &table->add({key.text, key.position, table_value(key.position, Origin::dotted)});
      } else if (entry->value.kind != Kind::table || entry->value.table.origin != Origin::dotted) {
        return fail_defined(key, *entry);
      }
      table = &entry->value.table;
    }
    Key& last = parts->back();
    if (const Entry* const before = table->find(last.text)) return fail_defined(last, *before);
    table->add({std::move(last.text), last.position, *std::move(value)});
    return true;
  }

  std::optional<Value> parse_value(size_t depth) {
    const char c = cursor_.peek();
    if (c == '[' || c == '{') {
      if (depth == kMaximumDepth) return fail_here("arrays and tables lie in each other too deep here"), std::nullopt;
      return c == '[' ? parse_array(depth) : parse_braces(depth);
    }
    if (c != '"' && c != '\'') return read_word(cursor_, mistakes_);
    Value value = Value::of(Kind::string, cursor_.position());
    auto text = read_string(cursor_, mistakes_);
    if (!text) return std::nullopt;
    value.text = *std::move(text);
    return value;
  }

  std::optional<Value> parse_array(size_t depth) {
    Value array = Value::of(Kind::array, cursor_.position());
    cursor_.advance();
    for (;;) {
      if (!skip_lines()) return std::nullopt;
      if (cursor_.skip("]")) return array;
      auto element = parse_value(depth + 1);
      if (!element || !skip_lines()) return std::nullopt;
      array.elements.push_back(*std::move(element));
      if (cursor_.skip(",")) continue;
      if (cursor_.skip("]")) return array;
      return fail_here("a comma or ] is expected here"), std::nullopt;
    }
  }

  std::optional<Value> parse_braces(size_t depth) {
    Value braces = table_value(cursor_.position(), Origin::header);
    cursor_.advance();
    cursor_.skip_blanks();
    if (!cursor_.skip("}")) {
      do {
        if (!parse_entry(&braces.table, depth + 1)) return std::nullopt;
        cursor_.skip_blanks();
      } while (cursor_.skip(","));
      if (!cursor_.skip("}")) return fail_here("a comma or } is expected here"), std::nullopt;
    }
    braces.table.origin = Origin::braces;
    return braces;
  }

  Cursor cursor_;
  Mistakes& mistakes_;
  Table root_;
  Table nowhere_;  // takes the entries after a header that is wrong
  Table* current_ = &root_;
};

// Returns the number of the first line that is not UTF-8.
std::optional<uint32_t> find_bad_line(std::string_view text) {
  for (uint32_t line = 1; !text.empty(); ++line) {
    const size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
    if (!wasm::is_utf8(std::as_bytes(std::span(text.substr(0, size))))) return line;
    text.remove_prefix(size);
  }
  return std::nullopt;
}

}  // namespace

Table parse(std::string_view text, Mistakes& mistakes) {
  if (const auto line = find_bad_line(text)) {
    mistakes.add({*line, 1}, "this line is not UTF-8");
    return {};
  }
  // A byte order mark is no part of the text.
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return Parser(text, mistakes).parse();
}

}  // namespace cairn::host::toml

// Values of TOML, each with its place in the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/description/position.hpp"

namespace cairn::host::toml {

enum class Kind : uint8_t { string, integer, floating, boolean, date_time, array, table };

struct Entry;

// How a table came into being, which decides what may be added to it later.
enum class Origin : uint8_t {
  header,  // [a.b] or [[a.b]] defines b
  parent,  // [a.b] implies a, which may still be defined
  dotted,  // the key a.b implies a
  braces,  // { ... } is complete
};

class Table {
 public:
  Origin origin = Origin::header;

  // The entries in the order of the file.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // Return the entry of this key; null if there is none. Adding an entry invalidates pointers to others.
  [[nodiscard]] const Entry* find(std::string_view key) const;
  Entry* find(std::string_view key);
  // Adds an entry with a key that the table does not have yet.
  Entry& add(Entry entry);

 private:
  std::vector<Entry> entries_;
  std::map<std::string, size_t, std::less<>> places_;  // the index in entries_ of each key
};

// Only the field of the value's kind is set; the values of floats, dates and times are not kept.
struct Value {
  // Makes an empty value.
  static Value of(Kind kind, Position position);

  Kind kind = Kind::table;
  Position position;
  std::string text;
  int64_t integer = 0;
  bool flag = false;
  std::vector<Value> elements;
  bool is_table_array = false;  // whether [[a]] made the array
  Table table;
};

struct Entry {
  std::string key;
  Position position;  // position of the key
  Value value;
};

}  // namespace cairn::host::toml

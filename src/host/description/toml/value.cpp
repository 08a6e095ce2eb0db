#include "host/description/toml/value.hpp"

#include <utility>

namespace cairn::host::toml {

Value Value::of(Kind kind, Position position) {
  Value value;
  value.kind = kind;
  value.position = position;
  return value;
}

const Entry* Table::find(std::string_view key) const {
  const auto place = places_.find(key);
  return place == places_.end() ? nullptr : &entries_[place->second];
}

Entry* Table::find(std::string_view key) {
  const auto place = places_.find(key);
  return place == places_.end() ? nullptr : &entries_[place->second];
}

Entry& Table::add(Entry entry) {
  places_.emplace(entry.key, entries_.size());
  return entries_.emplace_back(std::move(entry));
}

}  // namespace cairn::host::toml

// An index space of a module, function or struct type, with the identifiers that are bound in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/text/flat_table.hpp"

namespace cairn::wasm::text {

// The names that are bound are views into the token stream, which must outlive this object.
class IndexSpace {
 public:
  // `category` is the word in error messages for what an index denotes: "function", "local", ...
  explicit IndexSpace(std::string_view category) : category_(category) {}

  // Returns the next index, which has no name.
  uint32_t add() { return count_++; }
  void add(uint32_t how_many) { count_ += how_many; }
  // Gives a name to an index. Returns false if the name is taken.
  bool bind(std::string_view name, uint32_t index) {
    if (!indices_.insert(name, index)) return false;
    named_.emplace_back(index, std::string(name));
    return true;
  }
  // Sets the name that the name section gives to `index`. It replaces the identifier if `index` was bound last.
  void set_display_name(uint32_t index, std::string name) {
    if (!named_.empty() && named_.back().first == index) named_.pop_back();
    named_.emplace_back(index, std::move(name));
  }

  [[nodiscard]] std::optional<uint32_t> find(std::string_view name) const {
    const uint32_t* found = indices_.find(name);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  [[nodiscard]] uint32_t count() const { return count_; }
  [[nodiscard]] std::string_view category() const { return category_; }
  // The names for the name section, in the order of binding.
  [[nodiscard]] const std::vector<std::pair<uint32_t, std::string>>& named() const { return named_; }

 private:
  std::string_view category_;
  FlatTable<std::string_view> indices_;
  std::vector<std::pair<uint32_t, std::string>> named_;
  uint32_t count_ = 0;
};

}  // namespace cairn::wasm::text

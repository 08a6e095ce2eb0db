// Text whose length a guest decides: like TryVector, it reports when there is no memory.
#pragma once

#include <span>
#include <string_view>

#include "base/try_vector.hpp"

namespace cairn {

template <class Memory = NothrowMemory>
class BasicTryString {
 public:
  BasicTryString() = default;

  // Copies `text`, which may be part of this string. Returns false, with nothing changed, if there is no memory.
  [[nodiscard]] bool try_assign(std::string_view text) {
    TryVector<char, Memory> copy;
    if (!copy.try_reserve(text.size()) || !copy.try_append(text)) return false;
    characters_ = std::move(copy);
    return true;
  }
  [[nodiscard]] bool try_append(std::string_view text) { return characters_.try_append(text); }
  [[nodiscard]] bool try_push_back(char c) { return characters_.try_push_back(c); }
  // New characters are NUL.
  [[nodiscard]] bool try_resize(size_t length) { return characters_.try_resize(length); }
  void truncate(size_t length) { characters_.truncate(length); }
  void clear() { characters_.clear(); }

  [[nodiscard]] std::string_view view() const { return {characters_.data(), characters_.size()}; }
  operator std::string_view() const { return view(); }
  [[nodiscard]] size_t size() const { return characters_.size(); }
  [[nodiscard]] bool empty() const { return characters_.empty(); }
  std::span<char> as_span() { return characters_.as_span(); }

 private:
  TryVector<char, Memory> characters_;
};

using TryString = BasicTryString<>;

}  // namespace cairn

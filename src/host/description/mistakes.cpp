#include "host/description/mistakes.hpp"

#include <algorithm>
#include <utility>

#include "base/format.hpp"

namespace cairn::host {

void Mistakes::add(Position position, std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  all_.push_back({position, std::move(text)});
}

std::string Mistakes::to_string(std::string_view file) const {
  std::vector<Mistake> sorted = all_;
  std::ranges::stable_sort(sorted, {}, &Mistake::position);
  std::string lines;
  for (const auto& [position, text] : sorted) {
    if (!lines.empty()) lines += '\n';
    lines += std::string(file) + ":" + decimal(position.line) + ":" + decimal(position.column) + ": " + text;
  }
  return lines;
}

Error Mistakes::to_error(std::string_view file) const { return Error::of(ErrorKind::malformed, to_string(file)); }

}  // namespace cairn::host

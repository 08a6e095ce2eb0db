#include "host/description/suggestion.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace cairn::host {
namespace {

constexpr size_t kLongestWord = 64;  // bytes; longer words get no suggestion, because comparing them takes long

// The number of characters to insert, remove or replace, or of neighbours to exchange, in order to turn one word into
// the other (optimal string alignment).
size_t distance(std::string_view a, std::string_view b) {
  // The distances of prefixes of `a` to all prefixes of `b`: of the current prefix, and of those that are one and two
  // characters shorter.
  std::vector<size_t> row(b.size() + 1), shorter(b.size() + 1), shortest(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(shortest, shorter);
    std::swap(shorter, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({shorter[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), shorter[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], shortest[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string suggestion(std::string_view word, std::span<const std::string_view> names) {
  if (word.size() > kLongestWord) return "";
  std::string_view nearest;
  // A name is near if the distance is at most a third of the word's length, rounded.
  size_t least = 1 + (word.size() + 1) / 3;
  for (const std::string_view name : names) {
    if (name.size() > kLongestWord) continue;
    const size_t found = distance(word, name);
    if (found >= least) continue;
    least = found;
    nearest = name;
  }
  return nearest.empty() ? "" : "; did you mean `" + std::string(nearest) + "`?";
}

}  // namespace cairn::host

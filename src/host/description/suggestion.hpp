// Finds the name that a misspelt word probably means.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cairn::host {

// Returns "; did you mean `NAME`?" with the name that is nearest to `word`, or nothing if none is near.
std::string suggestion(std::string_view word, std::span<const std::string_view> names);

}  // namespace cairn::host

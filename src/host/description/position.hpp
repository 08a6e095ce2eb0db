// A place in a text file.
#pragma once

#include <compare>
#include <cstdint>

namespace cairn::host {

// Line and column, counted from 1. Columns count code points.
struct Position {
  uint32_t line = 1;
  uint32_t column = 1;
  auto operator<=>(const Position&) const = default;
};

}  // namespace cairn::host

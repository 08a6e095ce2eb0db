// Fuzz targets call these functions to report what is wrong besides crashes.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace cairn::fuzz {

// Ends the process with a message; libFuzzer keeps the input.
[[noreturn]] inline void finding(std::string_view what) {
  std::fprintf(stderr, "cairn-fuzz: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

// Reports `what` is wrong if the condition is false.
inline void check(bool condition, std::string_view what) {
  if (!condition) [[unlikely]]
    finding(what);
}

}  // namespace cairn::fuzz

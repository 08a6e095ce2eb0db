// Output of several programs on one port: each line begins with the name of the program that wrote it.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string_view>

#include "kernel/devices/console.hpp"

namespace cairn::kernel {

// Longer names are cut in marks, and programs whose names begin with the same bytes count as one.
inline constexpr size_t kLongestMark = 64;

// Writes `bytes` of the program `name` like console::write_through, with marks. A line that another program has begun
// is ended first. Returns how many of the bytes were written; the bytes of a piece that was not written as a whole do
// not count.
std::expected<size_t, StreamFailure> write_marked(Port port, std::string_view name, std::span<const std::byte> bytes);

}  // namespace cairn::kernel

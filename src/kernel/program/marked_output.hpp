// Output of several programs on one port: each line begins with the name of the program that wrote it.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string_view>

#include "kernel/devices/console.hpp"

namespace cairn::kernel {

// Writes `bytes` of the program `name` like console::write_through. A line that another program has begun is ended
// first. Names are at most kLongestMark bytes; what is longer is cut.
inline constexpr size_t kLongestMark = 64;
std::expected<size_t, StreamFailure> write_marked(Port port, std::string_view name, std::span<const std::byte> bytes);

}  // namespace cairn::kernel

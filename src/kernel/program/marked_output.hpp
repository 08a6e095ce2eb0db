// Output of several programs on the console's ports, which a fiber holds while it writes.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string_view>

#include "kernel/devices/console.hpp"

namespace cairn::kernel {

// Writes `bytes` of the program `name` like console::write_through, with marks (marked_lines.hpp). A line that another
// program has begun is ended first.
std::expected<size_t, StreamFailure> write_marked(Port port, std::string_view name, std::span<const std::byte> bytes);

}  // namespace cairn::kernel

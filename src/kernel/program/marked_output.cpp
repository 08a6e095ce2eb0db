#include "kernel/program/marked_output.hpp"

#include <array>

#include "base/sync/locked.hpp"
#include "base/sync/mutex.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/program/marked_lines.hpp"

namespace cairn::kernel {
namespace {

using LockedLine = Locked<MarkedLine, Mutex<FiberParker>, LockRank::marked_output>;

LockedLine& line_of(Port port) {
  static std::array<LockedLine, 2> lines;
  return lines[port == Port::standard_error ? 1 : 0];
}

}  // namespace

std::expected<size_t, StreamFailure> write_marked(Port port, std::string_view name, std::span<const std::byte> bytes) {
  return line_of(port).with([&](MarkedLine& line) {
    return write_marked_lines(line, name.substr(0, kLongestMark), bytes,
                              [port](std::span<const std::byte> text) { return console::write_through(port, text); });
  });
}

}  // namespace cairn::kernel

#include "kernel/program/marked_output.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/sync/locked.hpp"
#include "base/sync/mutex.hpp"
#include "runtime/guarded.hpp"

namespace cairn::kernel {
namespace {

// What was written last on a port.
struct Line {
  std::array<char, kLongestMark> name{};
  size_t name_size = 0;
  bool is_begun = false;

  [[nodiscard]] std::string_view writer() const { return {name.data(), name_size}; }
};

runtime::Guarded<Line, LockRank::marked_output>& line_of(Port port) {
  static std::array<runtime::Guarded<Line, LockRank::marked_output>, 2> lines;
  return lines[port == Port::standard_error ? 1 : 0];
}

// Text that is collected until it is written as a whole.
class Chunk {
 public:
  [[nodiscard]] size_t room() const { return bytes_.size() - size_; }
  void add(std::span<const std::byte> bytes) {
    std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  std::expected<size_t, StreamFailure> write(Port port) {
    return console::write_through(port, std::span(bytes_).first(std::exchange(size_, 0)));
  }

 private:
  std::array<std::byte, 1024> bytes_;
  size_t size_ = 0;
};

std::expected<size_t, StreamFailure> write_lines(Port port, std::string_view name, std::span<const std::byte> bytes,
                                                 Line& line) {
  Chunk chunk;
  size_t done = 0;
  while (done < bytes.size()) {
    if (chunk.room() < kLongestMark + 8) {
      if (auto written = chunk.write(port); !written) return written;
    }
    if (line.is_begun && line.writer() != name) {
      chunk.add("\n");
      line.is_begun = false;
    }
    if (!line.is_begun) {
      chunk.add("[");
      chunk.add(name);
      chunk.add("] ");
      line.name_size = name.copy(line.name.data(), line.name.size());
      line.is_begun = true;
    }
    const std::span<const std::byte> rest = bytes.subspan(done);
    const auto newline = std::ranges::find(rest, std::byte{'\n'});
    const auto wanted = static_cast<size_t>(newline - rest.begin()) + (newline != rest.end() ? 1 : 0);
    const size_t count = std::min(wanted, chunk.room());
    chunk.add(rest.first(count));
    done += count;
    if (count == wanted && newline != rest.end()) line.is_begun = false;
  }
  if (auto written = chunk.write(port); !written) return written;
  return bytes.size();
}

}  // namespace

std::expected<size_t, StreamFailure> write_marked(Port port, std::string_view name, std::span<const std::byte> bytes) {
  return line_of(port).with([&](Line& line) { return write_lines(port, name.substr(0, kLongestMark), bytes, line); });
}

}  // namespace cairn::kernel

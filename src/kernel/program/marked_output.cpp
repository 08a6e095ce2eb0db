#include "kernel/program/marked_output.hpp"

#include <array>

namespace cairn::kernel {

PortLine& line_of(Port port) {
  static constinit std::array<PortLine, 2> lines;
  return lines[port == Port::standard_error ? 1 : 0];
}

wasi::WasiResult<size_t> in_wasi(std::expected<size_t, StreamFailure> result) {
  if (!result) return std::unexpected(static_cast<wasi::Errno>(result.error().wasi_errno));
  return *result;
}

void write_message(Port port, std::string_view mark, std::string_view text) {
  if (mark.empty()) return console::write(port, text);
  line_of(port).with([&](wasi::MarkedLine& line) {
    (void)wasi::write_marked_lines(
        line, mark, std::as_bytes(std::span(text)),
        [port](std::span<const std::byte> bytes) { return in_wasi(console::write_through(port, bytes)); });
  });
}

}  // namespace cairn::kernel

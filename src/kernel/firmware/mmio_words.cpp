#include "kernel/firmware/mmio_words.hpp"

#include <algorithm>
#include <charconv>

#include "base/boot_protocol.hpp"

namespace cairn::kernel {
namespace {

// Removes a number and the character `end` after it from the text; an empty `end` stands for the text's end. Returns
// nothing if the text does not begin so.
std::optional<uint64_t> take_number(std::string_view& text, std::string_view end) {
  int base = 10;
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  }
  uint64_t number = 0;
  const auto [next, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(next - text.data()));
  if (end.empty() ? !text.empty() : !text.starts_with(end)) return std::nullopt;
  text.remove_prefix(end.size());
  return number;
}

}  // namespace

std::optional<uint32_t> line_of_mmio_device(std::string_view command_line, PhysAddr registers) {
  while (!command_line.empty()) {
    const size_t length = std::min(command_line.find(' '), command_line.size());
    std::string_view word = command_line.substr(0, length);
    command_line.remove_prefix(std::min(length + 1, command_line.size()));
    if (!word.starts_with(kernel_option::kMmioDevice)) continue;
    word.remove_prefix(kernel_option::kMmioDevice.size());
    if (!word.starts_with('=')) continue;
    word.remove_prefix(1);
    const auto size = take_number(word, "@");
    const auto address = size ? take_number(word, ":") : std::nullopt;
    const auto line = address ? take_number(word, "") : std::nullopt;
    if (line && *address == registers.value && *line <= ~uint32_t{0}) return static_cast<uint32_t>(*line);
  }
  return std::nullopt;
}

}  // namespace cairn::kernel

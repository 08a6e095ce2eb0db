#include "kernel/boot/boot_info.hpp"

namespace cairn::kernel {

std::string_view boot_option(std::string_view command_line, std::string_view key) {
  while (!command_line.empty()) {
    const size_t end = std::min(command_line.find(' '), command_line.size());
    const std::string_view word = command_line.substr(0, end);
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=')
      return word.substr(key.size() + 1);
    command_line.remove_prefix(end == command_line.size() ? end : end + 1);
  }
  return {};
}

}  // namespace cairn::kernel

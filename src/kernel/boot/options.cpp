#include "kernel/boot/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/boot_protocol.hpp"
#include "kernel/log/levels.hpp"

namespace cairn::kernel {
namespace {

bool takes_paging(std::string_view value) { return value == "sv39" || value == "sv48" || value == "sv57"; }
bool takes_levels(std::string_view value) { return !LogLevels().set(value); }
bool takes_cpus(std::string_view value) { return parse_number(value).value_or(0) != 0; }
bool takes_backtrace(std::string_view value) { return value == "short" || value == "full"; }
bool takes_any(std::string_view) { return true; }

constexpr std::array kOptions = {
    BootOption{kernel_option::kPaging, "sv39, sv48 or sv57", takes_paging},
    BootOption{kernel_option::kLogLevels, "LEVEL or PART=LEVEL, with commas between several", takes_levels},
    BootOption{kernel_option::kCpus, "a number from 1", takes_cpus},
    BootOption{kernel_option::kBacktrace, "short or full", takes_backtrace},
    BootOption{kernel_option::kMmioDevice, "a device", takes_any, true},
};

// Calls `visit` with the words of the command line, in turn, until it returns false.
template <class Visit>
void for_each_word(std::string_view line, Visit visit) {
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    if (end != 0 && !visit(line.substr(0, end))) return;
    line.remove_prefix(std::min(end + 1, line.size()));
  }
}

std::string_view key_of(std::string_view word) { return word.substr(0, word.find('=')); }

}  // namespace

std::span<const BootOption> boot_options() { return kOptions; }

std::optional<BootMistake> find_mistake(std::string_view command_line, std::span<const BootOption> further) {
  std::optional<BootMistake> mistake;
  for_each_word(command_line, [&](std::string_view word) {
    const std::string_view key = key_of(word);
    const BootOption* option = nullptr;
    for (const std::span<const BootOption> options : {boot_options(), further}) {
      const auto found = std::ranges::find(options, key, &BootOption::key);
      if (found != options.end()) option = &*found;
    }
    size_t count = 0;
    for_each_word(command_line, [&](std::string_view other) {
      if (key_of(other) == key) ++count;
      return true;
    });
    using enum BootMistake::Kind;
    if (option == nullptr) {
      mistake = {unknown, word, nullptr};
    } else if (word.size() == key.size() || !option->takes(word.substr(key.size() + 1))) {
      mistake = {wrong_value, word, option};
    } else if (count > 1 && !option->may_repeat) {
      mistake = {repeated, word, option};
    }
    return !mistake;
  });
  return mistake;
}

std::string_view boot_option(std::string_view command_line, std::string_view key) {
  std::string_view value;
  for_each_word(command_line, [&](std::string_view word) {
    if (key_of(word) != key || word.size() == key.size()) return true;
    value = word.substr(key.size() + 1);
    return false;
  });
  return value;
}

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace cairn::kernel

// The options on the kernel's command line: words `key=value`. The kernel refuses to start with a word that is no
// option, with a value that an option does not take, and with an option that is given twice.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace cairn::kernel {

struct BootOption {
  std::string_view key;
  std::string_view values;  // what the option takes, for a message
  bool (*takes)(std::string_view value);
  bool may_repeat = false;
};

// The options that every image of the kernel has. base/boot_protocol.hpp explains them.
std::span<const BootOption> boot_options();

// What is wrong with a word of the command line.
struct BootMistake {
  enum class Kind : uint8_t { unknown, wrong_value, repeated };
  Kind kind = Kind::unknown;
  std::string_view word;
  const BootOption* option = nullptr;  // null if there is no option of this key
};

// Returns the first mistake, if there is one. The options are boot_options() and `further`.
std::optional<BootMistake> find_mistake(std::string_view command_line, std::span<const BootOption> further);

// Returns the value of the word `key=value` on the command line; empty if there is no such word.
std::string_view boot_option(std::string_view command_line, std::string_view key);

// Returns the number that a text consists of: decimal digits, no more than 64 bits. Returns nothing for another text.
std::optional<uint64_t> parse_number(std::string_view text);

}  // namespace cairn::kernel

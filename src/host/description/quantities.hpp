// Parses the texts of times, sizes and directories, for the command's options and for system files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.hpp"

namespace cairn::host {

// A directory of the host, and the name under which the program sees it. A program on a machine sees a copy.
struct DirectoryMapping {
  std::string host;
  std::string guest;
  bool operator==(const DirectoryMapping&) const = default;
};

// Parses a time such as 250ms, 2s, 5m or 1h. Returns nanoseconds, or nothing if the text has another form or
// the time does not fit into 64 bits.
std::optional<uint64_t> parse_time(std::string_view text);

// Parses the memory of a machine, such as 65536K, 512M or 2G; a number alone is in MiB. Returns bytes, or nothing if
// the text has another form, or the size is below what a machine needs (kMinimumMemory) or above 1024G.
std::optional<uint64_t> parse_memory(std::string_view text);

// Parses the value of a limit: a size such as 9000K, 64M or 1G (a number alone is in MiB), a time, a percentage, or a
// number. Returns nothing if the text has another form, or the limit does not allow the value.
std::optional<uint64_t> parse_limit(const LimitKind& kind, std::string_view text);
// Describes the texts that parse_limit() accepts, for error messages.
std::string limit_expected(const LimitKind& kind);

// Parses HOST::GUEST, or HOST, which is then the guest's name, too. Returns nothing if a name is empty.
std::optional<DirectoryMapping> parse_directory(std::string_view text);

// The most CPUs that a machine can have.
constexpr unsigned kMaximumCpus = 64;

// Descriptions of the texts that parse_time() and parse_memory() accept, for error messages.
constexpr std::string_view kTimeExpected = "a time such as 250ms, 2s, 5m or 1h";
constexpr std::string_view kMemoryExpected = "a size from 16M to 1024G, such as 512M or 2G";

}  // namespace cairn::host

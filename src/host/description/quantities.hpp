// Texts for times, sizes and directories, as options of the command and system files have them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::host {

// A directory of the host, and the name under which the program sees it. A program on a machine sees a copy.
struct DirectoryMapping {
  std::string host;
  std::string guest;
  bool operator==(const DirectoryMapping&) const = default;
};

// Parses a time such as 250ms, 2s, 5m or 1h. Returns nanoseconds, or nothing if it is no such text or too long.
std::optional<uint64_t> parse_time(std::string_view text);

// Parses the memory of a machine, such as 65536K, 512M or 2G; a number alone is in MiB. Returns bytes, or nothing if it
// is no such text, or less than a machine needs (kMinimumMemory) or more than 1024G.
std::optional<uint64_t> parse_memory(std::string_view text);

// Parses HOST::GUEST, or HOST, which is then the name for the guest, too.
std::optional<DirectoryMapping> parse_directory(std::string_view text);

// The most CPUs that a machine can have.
constexpr unsigned kMaximumCpus = 64;

// What a message says when the text is none of these.
constexpr std::string_view kTimeExpected = "a time such as 250ms, 2s, 5m or 1h";
constexpr std::string_view kMemoryExpected = "a size from 16M to 1024G, such as 512M or 2G";

}  // namespace cairn::host

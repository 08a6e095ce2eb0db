// The configuration of one program of a system: its module, arguments, files and limits, and whether it is started
// again when it has ended. It is a part of the boot protocol (boot_protocol.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"

namespace cairn {

// A directory that the program gets: the name that the program sees, and the path in the program's file system.
struct Preopen {
  std::string name;
  std::string path;
  bool operator==(const Preopen&) const = default;
};

// Whether a program that has ended is started again (wasi/supervision/restart_delays.hpp).
enum class Restart : uint8_t {
  never,
  on_failure,  // after a trap, a reached limit, or an exit status other than 0
  always,
};
// Returns the name in the encoding: "never", "on-failure" or "always".
std::string_view to_string(Restart restart);

// The configuration is encoded as a list of `key=value` (key_values.hpp). Each comment begins with an example of the
// field's encoding.
struct ProgramConfig {
  static constexpr uint64_t kMaximumWeight = 1000;

  std::string name;                      // name=web: the name in a system file
  uint32_t module = 0;                   // module=0: the number of the bundle's module that the program runs
  std::vector<std::string> arguments;    // arg=-v: one pair for each element of argv, which begins with the program
  std::vector<std::string> environment;  // env=HOME=/: one pair for each variable
  std::vector<Preopen> preopens;         // preopen=/data, then path=/0/data: the name and path of a directory
  std::string standard_files;  // standard=/0: the path of the directory that gets tmp and dev/null; empty: no directory
  std::string invoke;          // invoke=add: the exported function to call instead of _start, with the arguments
  bool trap_unknown_imports = false;  // unknown_imports=trap: whether an unknown import becomes a function that traps
  bool has_input = false;             // input=1: whether the program gets standard input
  bool allows_system = false;         // allow=system: whether the program may start others (wasi/system)
  Limits limits;                      // limit=fibers=4: one pair for each limit that was given
  uint64_t minimum_memory = 0;        // minimum=16777216: the bytes of memory that the program is promised
  uint64_t weight = 1;                // weight=2: the program's share of a CPU, in proportion to others' weights
  Restart restart = Restart::never;   // restart=always

  // Returns the encoded list.
  [[nodiscard]] std::string encode() const;
  // Reads an encoded list. Fails (malformed) if it is damaged, or has an unknown key or a wrong value.
  static Result<ProgramConfig> parse(std::span<const std::byte> bytes);
  // Sets the field that `key` encodes. Returns false if there is no such key, or the value is wrong.
  bool set(std::string_view key, std::string_view value);

  bool operator==(const ProgramConfig&) const = default;
};

}  // namespace cairn

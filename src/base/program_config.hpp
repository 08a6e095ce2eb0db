// What a program gets and how it is kept: the part of the boot protocol (boot_protocol.hpp) that describes one program
// of a system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
std::string_view to_string(Restart restart);

// The configuration is encoded as a list of key_values.hpp.
struct ProgramConfig {
  static constexpr uint64_t kMaximumWeight = 1000;

  std::string name;                      // name=web
  uint32_t module = 0;                   // module=0       the number of the bundle's module that the program runs
  std::vector<std::string> arguments;    // arg=...        argv, the program's name first
  std::vector<std::string> environment;  // env=K=V
  std::vector<Preopen> preopens;         // preopen=/data, then path=/0/data
  std::string standard_files;            // standard=/0    the directory that gets /tmp and /dev/null; empty: none does
  std::string invoke;  // invoke=add     the function to call instead of _start; the arguments become its own
  bool trap_unknown_imports = false;    // unknown_imports=trap
  bool has_input = false;               // input=1        whether the program gets standard input
  uint64_t cpu_limit_nanoseconds = 0;   // cpu_limit=N    the CPU time of one run of the program; 0: no limit
  uint64_t wall_limit_nanoseconds = 0;  // wall_limit=N   the time of one run by the clock; 0: no limit
  uint64_t weight = 1;                  // weight=N       the share of a CPU, in proportion to the others' weights
  Restart restart = Restart::never;     // restart=always

  [[nodiscard]] std::string encode() const;
  static Result<ProgramConfig> parse(std::span<const std::byte> bytes);
  // Sets the option `key`; returns false if there is none of this name, or the value is wrong.
  bool set(std::string_view key, std::string_view value);

  bool operator==(const ProgramConfig&) const = default;
};

}  // namespace cairn

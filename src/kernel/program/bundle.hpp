// The parsed boot bundle (base/boot_protocol.hpp). The fields are views into the bundle's memory, which stays in place.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/cpio.hpp"
#include "base/program_config.hpp"
#include "base/result.hpp"

namespace cairn::kernel {

struct BundledProgram {
  ProgramConfig config;
  std::vector<CpioEntry> files;  // names relative to the program's root, parents first
};

struct Bundle {
  static constexpr size_t kMaximumPrograms = 1024;

  BootConfig config;
  std::vector<std::span<const std::byte>> modules;
  std::vector<BundledProgram> programs;  // each has a module that exists; so does config.main, if there is one
  std::vector<CpioEntry> files;          // the scripts or modules of a mode that runs no programs
};

// Returns an Error if the archive is damaged, if a configuration is missing or cannot be parsed, if modules or programs
// are not in order or too many, or if one is named that is not there. Members with unknown names are ignored.
Result<Bundle> read_bundle(std::span<const std::byte> archive);

}  // namespace cairn::kernel

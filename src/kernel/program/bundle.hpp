// The parsed boot bundle (base/boot_protocol.hpp). Modules and files are views into the archive's memory, which must
// outlive the Bundle.
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

// Each program's config.module is an index into `modules`. config.main, if it is set, is an index into `programs`.
struct Bundle {
  static constexpr size_t kMaximumPrograms = 1024;

  BootConfig config;
  std::vector<std::span<const std::byte>> modules;
  std::vector<BundledProgram> programs;
  std::vector<CpioEntry> files;  // modes wast and trial: the scripts or modules
};

// Returns an Error if the archive is damaged, if a configuration is missing or cannot be parsed, if modules or programs
// are not in order or too many, or if a configuration names a module or program that the archive lacks. Members with
// unknown names are ignored.
Result<Bundle> read_bundle(std::span<const std::byte> archive);

}  // namespace cairn::kernel

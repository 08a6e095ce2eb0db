// The parsed boot bundle (base/boot_protocol.hpp). The fields are views into the bundle's memory, which stays in place.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/cpio.hpp"
#include "base/result.hpp"

namespace cairn::kernel {

struct BundledProgram {
  BootConfig config;
  std::span<const std::byte> program;  // empty when there is none
};

struct Bundle : BundledProgram {
  std::vector<CpioEntry> files;        // names relative to the root, parents first
  std::vector<BundledProgram> others;  // programs that run beside `program`
};

// Returns an Error if the archive is damaged, if it has no config or one that cannot be parsed, or if the other
// programs are not in order. Members with unknown names are ignored.
Result<Bundle> read_bundle(std::span<const std::byte> archive);

}  // namespace cairn::kernel

// The boot bundle, taken apart (base/boot_protocol.hpp). Views into the bundle's memory, which stays where it is.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/cpio.hpp"
#include "base/result.hpp"

namespace cairn::kernel {

struct Bundle {
  BootConfig config;
  std::span<const std::byte> program;  // empty when there is none
  std::vector<CpioEntry> files;        // names relative to the root, parents first
};

// A bundle must have a config; anything that is not as agreed is an Error.
Result<Bundle> read_bundle(std::span<const std::byte> archive);

}  // namespace cairn::kernel

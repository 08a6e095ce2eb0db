// What a machine can be booted for beside running programs: the kernel's own tests, the specification's scripts,
// modules to try. The testing image (cairn-kernel-testing) can do all of it, by src/kernel/testing; the release image
// nothing.
#pragma once

#include <optional>
#include <string_view>

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Runs the tests that the kernel's command line asks for (`test=NAME`). The exit status; none when it asks for none of
// them.
std::optional<int> run_tests(std::string_view command_line);

// The same for tests that need a bundle, which the command line or the bundle's mode asks for.
std::optional<int> run_tests(const Bundle& bundle, std::string_view command_line);

}  // namespace cairn::kernel
